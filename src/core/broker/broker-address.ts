import { isIP } from 'node:net'

/** Where a server listens: a port of this machine, or a Unix socket. */
export type BrokerAddress =
  | {
      readonly kind: 'port'
      /** Left out: all addresses of this machine. */
      readonly host?: string
      readonly port: number
    }
  | { readonly kind: 'socket'; readonly path: string }

/**
 * Parses `:7468`, `127.0.0.1:7468`, `[::1]:7468`, `localhost:7468` or `unix:/run/locket/broker.sock`. Port 0
 * lets the system choose. Undefined: anything else.
 */
export function parseBrokerAddress(text: string): BrokerAddress | undefined {
  const path = /^unix:(?:\/\/)?(\/[^\0]{1,106})$/.exec(text)?.[1]
  if (path !== undefined) return { kind: 'socket', path }
  const [, bracketed, name = '', digits] =
    /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9.-]*)):(\d{1,5})$/.exec(text) ?? []
  const port = Number(digits)
  if (digits === undefined || port > 65_535 || (bracketed !== undefined && isIP(bracketed) !== 6))
    return undefined
  const host = bracketed ?? name
  return { kind: 'port', port, ...(host === '' ? {} : { host }) }
}

/** True for an address that only programs of this machine reach. */
export function isOfThisMachine(at: BrokerAddress): boolean {
  return at.kind === 'socket' || /^(?:localhost|127\.\d+\.\d+\.\d+|::1)$/.test(at.host ?? '')
}

/** Returns the address that machines are told: that of the socket, or the port at the first of the names. */
export function urlOf(listen: BrokerAddress, [first = 'localhost']: readonly string[]): string {
  if (listen.kind === 'socket') return `unix:${listen.path}`
  return `https://${first.includes(':') ? `[${first}]` : first}:${listen.port}`
}
