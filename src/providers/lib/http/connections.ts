import type { Agent, ClientRequest, ClientRequestArgs } from 'node:http'
import type { Duplex } from 'node:stream'
import { LocketError } from '../../../core/vocabulary/errors.ts'
import type { Clock } from '../../../core/ports/clock.ts'
import type { Proxy } from '../proxy/choose-proxy.ts'
import { proxyConnectError } from '../proxy/proxy-errors.ts'
import { openTunnel, proxyHeaders } from '../proxy/tunnel.ts'
import { CONNECT_TIMEOUT, readErrno } from './errno.ts'
import { watchCertificate } from './watch-certificate.ts'

/** Milliseconds that a connection may take, with its tunnel and TLS. */
const CONNECT_MS = 10_000
/**
 * Milliseconds after which an idle connection is closed. Servers must not close it first: Node's server waits
 * 5 s, nginx 75 s, Go for ever.
 */
const IDLE_MS = 4000
/** Milliseconds of refused connections after which a proxy is not just starting. */
const PROXY_START_MS = 5000

/** The options of `openConnections`. */
interface ConnectionOptions {
  readonly server: URL
  readonly maxConcurrent: number
  /** The PEM text of authorities to trust in addition to those of Node. */
  readonly caCert: string | undefined
  /** The PEM text of the only authorities to trust. */
  readonly onlyCa?: string | undefined
  /** A Unix socket that is connected to, whatever the server's address is. */
  readonly socketPath?: string | undefined
  /** The proxy to use; undefined: connects directly. */
  readonly proxy: Proxy | undefined
  readonly clock: Clock
}

/** A request without its body. */
interface WireRequest {
  readonly method: string
  /** The encoded path and query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly signal: AbortSignal
}

/** The connections to one server. Idle ones are kept for 4 s. */
export interface Connections {
  /** Begins a request; the caller ends it. It emits a LocketError if the proxy fails, else Node's error. */
  request(request: WireRequest): ClientRequest
  /** Closes every connection, busy ones too. */
  close(): void
}

/**
 * Connects by `node:http` or `node:https`, which take a third of the time and memory of `fetch`. Certificates
 * are checked whatever NODE_TLS_REJECT_UNAUTHORIZED says. No redirect is followed.
 */
export async function openConnections(options: ConnectionOptions): Promise<Connections> {
  const { server, maxConcurrent, caCert, onlyCa, socketPath, proxy, clock } = options
  const isTls = server.protocol === 'https:'
  const { Agent, request } = isTls ? await import('node:https') : await import('node:http')
  const { urlToHttpOptions } = await import('node:url')
  const tls = await tlsOptions(caCert, onlyCa)
  const agent: Agent = new Agent({ keepAlive: true, timeout: IDLE_MS, maxSockets: maxConcurrent, ...tls })
  const createConnection = agent.createConnection.bind(agent)
  const closing = new AbortController()
  const { protocol: _protocol, ...address } = urlToHttpOptions(server)
  const target = hostAndPort(server)
  let refusedSince: number | undefined

  async function connect(to: ClientRequestArgs): Promise<Duplex> {
    const signal = AbortSignal.any([closing.signal, AbortSignal.timeout(CONNECT_MS)])
    const socket = await begin(to, signal)
    await whenReady(socket, isTls ? 'secureConnect' : 'connect', signal)
    return socket
  }

  /** Resolves with a socket that may still be connecting. */
  async function begin(to: ClientRequestArgs, signal: AbortSignal): Promise<Duplex> {
    if (proxy === undefined) return started(createConnection(to))
    try {
      if (isTls) {
        const socket = await openTunnel(proxy, { target, tls, signal })
        refusedSince = undefined
        return started(createConnection({ ...to, socket } as ClientRequestArgs))
      }
      const socket = await connectToProxy(proxy, signal)
      refusedSince = undefined
      return socket
    } catch (thrown) {
      closing.signal.throwIfAborted()
      throw proxyConnectError(proxy, target, signal.aborted ? timedOut() : thrown, isRefusedForLong(thrown))
    }
  }

  /** Connects to the proxy. A request to an http:// address goes to the proxy itself, without a tunnel. */
  async function connectToProxy(
    { host, port, isTls: isTlsProxy }: Proxy,
    signal: AbortSignal,
  ): Promise<Duplex> {
    const socket = isTlsProxy
      ? (await import('node:tls')).connect({ host, port, servername: host, ...tls })
      : (await import('node:net')).connect({ host, port })
    await whenReady(socket, isTlsProxy ? 'secureConnect' : 'connect', signal)
    return socket
  }

  function isRefusedForLong(thrown: unknown): boolean {
    if (readErrno(thrown).errno !== 'ECONNREFUSED') return false
    refusedSince ??= clock.elapsed()
    return clock.elapsed() - refusedSince >= PROXY_START_MS
  }

  agent.createConnection = (to, give) => {
    connect(to).then(
      (socket) => give?.(null, socket),
      // Node ignores the socket if there is an error.
      (thrown: unknown) => give?.(thrown as Error, undefined as never),
    )
    return undefined
  }

  return {
    request({ method, path, headers, signal }) {
      const isForwarded = proxy !== undefined && !isTls
      return request({
        ...address,
        ...(socketPath === undefined ? {} : { socketPath }),
        agent,
        method,
        signal,
        path: isForwarded ? server.origin + path : path,
        headers: isForwarded ? { ...headers, ...proxyHeaders(proxy) } : headers,
      })
    },
    close() {
      closing.abort(new LocketError('internal', `the connections to ${target} are closed`))
      agent.destroy()
    },
  }
}

/** Returns the host with its port, even the default one: `vault.example:443`. */
export function hostAndPort({ hostname, port, protocol }: URL): string {
  return `${hostname}:${port === '' ? (protocol === 'https:' ? 443 : 80) : port}`
}

async function tlsOptions(
  caCert: string | undefined,
  onlyCa: string | undefined,
): Promise<{ readonly rejectUnauthorized: true; readonly ca?: string[] }> {
  if (onlyCa !== undefined) return { rejectUnauthorized: true, ca: [onlyCa] }
  if (caCert === undefined) return { rejectUnauthorized: true }
  // `node:tls` is imported here, because it builds its list of authorities when it is loaded. At the start
  // that would cost every command 5 ms.
  const { getCACertificates } = await import('node:tls')
  return { rejectUnauthorized: true, ca: [...getCACertificates('default'), caCert] }
}

/**
 * Resolves when the socket emits `event`; rejects, with the socket destroyed, on an error, its end or the
 * signal.
 */
async function whenReady(
  socket: Duplex,
  event: 'connect' | 'secureConnect',
  signal: AbortSignal,
): Promise<void> {
  if (event === 'connect' && 'connecting' in socket && socket.connecting === false) return
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const giveUp = () => socket.destroy(timedOut())
  signal.addEventListener('abort', giveUp, { once: true })
  socket.once(event, resolve)
  const withExpiry = watchCertificate(socket)
  // This listener stays: an error before the first request must not end the process.
  socket.on('error', (thrown) => reject(withExpiry(thrown)))
  socket.once('close', () => reject(new Error('the connection was closed')))
  try {
    if (signal.aborted) giveUp()
    await promise
    if (socket.destroyed) throw new Error('the connection was closed')
  } finally {
    signal.removeEventListener('abort', giveUp)
  }
}

function timedOut(): Error {
  return Object.assign(new Error('no connection in time'), { code: CONNECT_TIMEOUT })
}

function started(socket: Duplex | null | undefined): Duplex {
  if (socket == null) throw new LocketError('internal', 'Node began no connection')
  return socket
}
