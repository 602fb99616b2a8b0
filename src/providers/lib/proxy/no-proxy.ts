import { BlockList, isIP } from 'node:net'

/**
 * Tells whether `list`, the value of NO_PROXY, excepts the target from its proxy. Entries are separated by
 * commas or spaces. `*` excepts all; `example.com` and `.example.com` the domain and its subdomains;
 * `*.example.com` its subdomains alone; an IP address itself; `10.0.0.0/8` a range; each of them one port
 * alone if it ends in `:PORT`. curl reads `.example.com` like `example.com`, and so does locket; Go excepts
 * the subdomains alone.
 */
export function bypasses(target: URL, list: string): boolean {
  const host = target.hostname.replace(/^\[|\]$|\.$/g, '').toLowerCase()
  const port = target.port === '' ? (target.protocol === 'https:' ? '443' : '80') : target.port
  return list
    .toLowerCase()
    .split(/[\s,]+/)
    .some((entry) => entry !== '' && matches(entry, host, port))
}

function matches(entry: string, host: string, port: string): boolean {
  if (entry === '*') return true
  if (entry.includes('/')) return isInRange(entry, host)
  const { name, only } = splitPort(entry)
  if (only !== undefined && only !== port) return false
  if (isIP(name) !== 0) return isSameAddress(name, host)
  if (name.startsWith('*.')) return host.endsWith(name.slice(1))
  const domain = name.replace(/^\.|\.$/g, '')
  return domain !== '' && (host === domain || host.endsWith(`.${domain}`))
}

/** Splits an entry into name and port. It reads `host:443`, `[::1]:443`, `[::1]` and `::1`. */
function splitPort(entry: string): { readonly name: string; readonly only: string | undefined } {
  if (isIP(entry) === 6) return { name: entry, only: undefined }
  const [, bracketed, plain, only] = /^(?:\[(.*)\]|([^:]*))(?::(\d+))?$/.exec(entry) ?? []
  return { name: bracketed ?? plain ?? entry, only }
}

function isInRange(entry: string, host: string): boolean {
  const [network = '', bits = ''] = entry.replace(/[[\]]/g, '').split('/')
  const family = isIP(network)
  if (family === 0 || isIP(host) !== family || !/^\d{1,3}$/.test(bits)) return false
  if (Number(bits) > (family === 4 ? 32 : 128)) return false
  const range = new BlockList()
  range.addSubnet(network, Number(bits), family === 4 ? 'ipv4' : 'ipv6')
  return range.check(host, family === 4 ? 'ipv4' : 'ipv6')
}

/** Compares two addresses. IPv6 addresses may be written in several ways. */
function isSameAddress(address: string, host: string): boolean {
  return isInRange(`${address}/${isIP(address) === 4 ? 32 : 128}`, host)
}
