import type { ClientRequest } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Proxy } from './choose-proxy.ts'

/** The options of `openTunnel`. */
interface TunnelOptions {
  /** The host and port to reach: `vault.example:443`. An IPv6 address is in brackets. */
  readonly target: string
  /** The TLS options for a proxy that is reached by TLS. */
  readonly tls: { readonly rejectUnauthorized: true; readonly ca?: string[] }
  /** Aborts the attempt. It does not close a tunnel that is open. */
  readonly signal: AbortSignal
}

/** The error that `openTunnel` throws when the proxy answered and did not open the tunnel. */
export class TunnelRefused extends Error {
  readonly status: number

  constructor(status: number) {
    super(`the proxy answered ${status}`)
    this.status = status
  }
}

/**
 * Asks the proxy for a connection to `target` by CONNECT (RFC 9110, 9.3.6) and resolves with it. Rejects with
 * `TunnelRefused`, or with Node's error when the proxy cannot be reached or does not speak HTTP. Node limits
 * the size of the answer's headers to 16 KiB.
 */
export async function openTunnel(proxy: Proxy, { target, tls, signal }: TunnelOptions): Promise<Duplex> {
  const { request } = proxy.isTls ? await import('node:https') : await import('node:http')
  const { promise, resolve, reject } = Promise.withResolvers<Duplex>()
  const asked: ClientRequest = request({
    ...(proxy.isTls ? tls : {}),
    method: 'CONNECT',
    host: proxy.host,
    port: proxy.port,
    path: target,
    agent: false,
    headers: { host: target, 'user-agent': 'locket', ...proxyHeaders(proxy) },
    signal,
  })
  asked.once('connect', ({ statusCode = 0 }, socket, head) => {
    // The client speaks first, so bytes that come with the proxy's answer are not from the server.
    if (statusCode >= 200 && statusCode < 300 && head.length === 0) resolve(socket)
    else {
      socket.destroy()
      reject(new TunnelRefused(statusCode))
    }
  })
  asked.on('error', reject)
  asked.once('close', () => reject(new Error('the proxy closed the connection')))
  asked.end()
  return promise
}

/** Returns the headers of a request that a proxy is to forward. */
export function proxyHeaders({ authorization }: Proxy): Readonly<Record<string, string>> {
  return authorization === undefined ? {} : { 'proxy-authorization': authorization }
}
