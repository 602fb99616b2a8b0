import type { ClientRequest } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Proxy } from './choose-proxy.ts'

/** What `openTunnel` needs to know beside the proxy. */
export interface TunnelOptions {
  /** `vault.example:443`; an IPv6 address in brackets. */
  readonly target: string
  /** Certificates and their checks, for a proxy that is reached by TLS. */
  readonly tls: { readonly rejectUnauthorized: true; readonly ca?: string[] }
  /** Aborts the attempt; a tunnel that is open stays open. */
  readonly signal: AbortSignal
}

/** Thrown by `openTunnel` when the proxy answered, and did not open the tunnel. */
export class TunnelRefused extends Error {
  readonly status: number

  constructor(status: number) {
    super(`the proxy answered ${status}`)
    this.status = status
  }
}

/**
 * Asks the proxy for a connection to `target` by CONNECT (RFC 9110, 9.3.6) and resolves with it. Rejects with
 * `TunnelRefused`, or with Node's error when the proxy cannot be reached or does not speak HTTP. Node limits the size
 * of the answer's headers to 16 KiB.
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
    // The server speaks after the client: bytes that come with the proxy's answer are not the server's.
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

/** The headers of a request that a proxy is to forward. */
export function proxyHeaders({ authorization }: Proxy): Readonly<Record<string, string>> {
  return authorization === undefined ? {} : { 'proxy-authorization': authorization }
}
