import { isIP } from 'node:net'

/** A host name or address, lower case and without brackets, and a port. */
export interface Authority {
  readonly host: string
  readonly port: number
}

/** The port of an authority that names none. */
const HTTPS_PORT = 443
const LONGEST_NAME = 253
const LABEL = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/

/**
 * Parses `api.example`, `api.example:8443`, `192.0.2.1` or `[2001:db8::1]:8443`. Undefined: it is malformed.
 * Names that are written in another way than the network takes them, such as `127.1`, are malformed too.
 */
export function parseAuthority(text: string): Authority | undefined {
  const [, bracketed, plain, digits] =
    /^(?:\[([0-9a-f:.]+)\]|([^:[\]/@?#\\]+))(?::([0-9]{1,5}))?$/i.exec(text) ?? []
  const port = digits === undefined ? HTTPS_PORT : Number(digits)
  if (port < 1 || port > 65_535) return undefined
  if (bracketed !== undefined)
    return isIP(bracketed) === 6 ? { host: bracketed.toLowerCase(), port } : undefined
  const host = (plain ?? '').toLowerCase().replace(/\.$/, '')
  return isHostName(host) || isIP(host) === 4 ? { host, port } : undefined
}

/** Returns the authority as users write it: without the port 443. */
export function formatAuthority({ host, port }: Authority): string {
  const shown = host.includes(':') ? `[${host}]` : host
  return port === HTTPS_PORT ? shown : `${shown}:${port}`
}

/** True for a name of DNS. A name whose last label is a number would be read as an IPv4 address. */
function isHostName(host: string): boolean {
  const labels = host.split('.')
  return host.length <= LONGEST_NAME && labels.every((label) => LABEL.test(label)) && !isNumber(labels.at(-1))
}

function isNumber(label = ''): boolean {
  return /^([0-9]+|0x[0-9a-f]*)$/.test(label)
}

/** A host that a binding names: `*.example` means every host below `example`. */
export interface HostPattern extends Authority {
  readonly isBelow: boolean
}

/** Parses an authority, or one with `*.` before it. Undefined: it is malformed. */
export function parseHostPattern(text: string): HostPattern | undefined {
  const isBelow = text.startsWith('*.')
  const authority = parseAuthority(isBelow ? text.slice(2) : text)
  if (authority === undefined || (isBelow && !authority.host.includes('.'))) return undefined
  return isBelow && isIP(authority.host) !== 0 ? undefined : { ...authority, isBelow }
}

/** True when the pattern names the authority. */
export function namesHost({ host, port, isBelow }: HostPattern, asked: Authority): boolean {
  if (port !== asked.port) return false
  return isBelow ? asked.host.endsWith(`.${host}`) : asked.host === host
}
