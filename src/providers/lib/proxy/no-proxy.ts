/**
 * Tells whether `list`, the value of NO_PROXY, excepts the target from its proxy. Entries are separated by
 * commas or spaces. `*` excepts all; `example.com` and `.example.com` the domain and its subdomains;
 * `*.example.com` its subdomains alone; an IP address itself; `10.0.0.0/8` a range; each of them one port
 * alone if it ends in `:PORT`. curl reads `.example.com` like `example.com`, and so does locket; Go excepts
 * the subdomains alone.
 */
export async function bypasses(target: URL, list: string): Promise<boolean> {
  if (list.trim() === '') return false
  // Imported at the start, node:net would cost every command some milliseconds.
  const net = await import('node:net')
  const host = target.hostname.replace(/^\[|\]$|\.$/g, '').toLowerCase()
  const port = target.port === '' ? (target.protocol === 'https:' ? '443' : '80') : target.port
  return list
    .toLowerCase()
    .split(/[\s,]+/)
    .some((entry) => entry !== '' && matches(net, entry, host, port))
}

type Net = typeof import('node:net')

function matches(net: Net, entry: string, host: string, port: string): boolean {
  if (entry === '*') return true
  if (entry.includes('/')) return isInRange(net, entry, host)
  const { name, only } = splitPort(net, entry)
  if (only !== undefined && only !== port) return false
  if (net.isIP(name) !== 0) return isSameAddress(net, name, host)
  if (name.startsWith('*.')) return host.endsWith(name.slice(1))
  const domain = name.replace(/^\.|\.$/g, '')
  return domain !== '' && (host === domain || host.endsWith(`.${domain}`))
}

/** Splits an entry into name and port. It reads `host:443`, `[::1]:443`, `[::1]` and `::1`. */
function splitPort(net: Net, entry: string): { readonly name: string; readonly only: string | undefined } {
  if (net.isIP(entry) === 6) return { name: entry, only: undefined }
  const [, bracketed, plain, only] = /^(?:\[(.*)\]|([^:]*))(?::(\d+))?$/.exec(entry) ?? []
  return { name: bracketed ?? plain ?? entry, only }
}

function isInRange(net: Net, entry: string, host: string): boolean {
  const [network = '', bits = ''] = entry.replace(/[[\]]/g, '').split('/')
  const family = net.isIP(network)
  if (family === 0 || net.isIP(host) !== family || !/^\d{1,3}$/.test(bits)) return false
  if (Number(bits) > (family === 4 ? 32 : 128)) return false
  const range = new net.BlockList()
  range.addSubnet(network, Number(bits), family === 4 ? 'ipv4' : 'ipv6')
  return range.check(host, family === 4 ? 'ipv4' : 'ipv6')
}

/** Compares two addresses. IPv6 addresses may be written in several ways. */
function isSameAddress(net: Net, address: string, host: string): boolean {
  return isInRange(net, `${address}/${net.isIP(address) === 4 ? 32 : 128}`, host)
}
