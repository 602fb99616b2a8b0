import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { TLSSocket, type SecureContext } from 'node:tls'
import { parseAuthority, type Authority } from '../../core/blind/authority.ts'
import type { Clock } from '../../core/ports/clock.ts'
import { errnoOf, formatError, LocketError } from '../../core/vocabulary/errors.ts'
import { systemReason } from '../../core/vocabulary/system-errors.ts'
import { exchangeRequest, refuse } from './exchange.ts'
import type { ExchangePorts } from './send-on.ts'
import { exchangeUpgrade } from './upgrade.ts'

/** The parts of the machine that the proxy needs. */
interface BlindProxyPorts extends ExchangePorts {
  /** Returns the certificate and key by which the proxy passes for a host. */
  readonly certificateOf: (host: string) => SecureContext
  readonly clock: Clock
}

/** A running proxy. */
interface BlindProxy extends AsyncDisposable {
  /** `127.0.0.1:PORT`. */
  readonly address: string
}

const HANDSHAKE_MS = 10_000
const IDLE_MS = 600_000
const MOST_CONNECTIONS = 1024
const KEEP_ALIVE_MS = 60_000

/**
 * Listens as an HTTP proxy. `CONNECT` opens a tunnel whose TLS ends here; everything else is refused, except
 * `GET /healthz`. Rejects with `io`.
 */
export async function openBlindProxy(
  { host, port }: { readonly host: string; readonly port: number },
  ports: BlindProxyPorts,
): Promise<BlindProxy> {
  const sockets = new Set<Duplex>()
  const targets = new WeakMap<object, Authority>()
  const targetOf = ({ socket }: IncomingMessage): Authority => {
    const target = targets.get(socket)
    if (target === undefined) throw new LocketError('internal', 'a request came through no tunnel')
    return target
  }

  const inner = createServer({ keepAliveTimeout: KEEP_ALIVE_MS, noDelay: true, requestTimeout: 0 })
  inner.timeout = IDLE_MS
  inner.on('request', (request, response) => {
    void exchangeRequest(request, response, targetOf(request), ports)
  })
  inner.on('upgrade', (request, socket, head) => {
    if (head.byteLength > 0) socket.unshift(head)
    void exchangeUpgrade(request, socket, targetOf(request), ports)
  })

  const outer = createServer({ noDelay: true }, (request, response) => {
    if (request.url === '/healthz') {
      response.end('ok\n')
      return
    }
    const url = URL.canParse(request.url ?? '') ? new URL(request.url ?? '') : undefined
    const target = parseAuthority(url?.host ?? '') ?? { host: 'unknown', port: 80 }
    const error = new LocketError('denied', 'only HTTPS goes through the proxy of blind mode', {
      hint: 'a request without TLS would show the value to the network',
    })
    const seen = { ...target, method: request.method ?? '', path: '' }
    refuse(response, error, seen, ports.gate)
  })
  outer.maxConnections = MOST_CONNECTIONS
  outer.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  outer.on('connect', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    socket.on('error', () => socket.destroy())
    const target = parseAuthority(request.url ?? '')
    const error =
      target === undefined ? new LocketError('denied', 'CONNECT names no host') : ports.gate.refusalOf(target)
    if (target === undefined || error !== undefined) {
      const seen = { ...(target ?? { host: 'unknown', port: 443 }), method: 'CONNECT', path: '' }
      if (error !== undefined) {
        ports.gate.refused(seen, error)
        refuseTunnel(socket, error)
      }
      return
    }
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
    if (head.byteLength > 0) socket.unshift(head)
    const secure = new TLSSocket(socket, {
      isServer: true,
      secureContext: ports.certificateOf(target.host),
      ALPNProtocols: ['http/1.1'],
    })
    targets.set(secure, target)
    secure.on('error', () => secure.destroy())
    const handshake = new AbortController()
    ports.clock.sleep(HANDSHAKE_MS, handshake.signal).then(
      () => secure.destroy(),
      () => undefined,
    )
    secure.once('close', () => handshake.abort())
    secure.once('secure', () => {
      handshake.abort()
      inner.emit('connection', secure)
    })
  })

  await listen(outer, host, port)
  const { address, port: chosen, family } = outer.address() as AddressInfo
  return {
    address: family === 'IPv6' ? `[${address}]:${chosen}` : `${address}:${chosen}`,
    async [Symbol.asyncDispose]() {
      const closed = once(outer, 'close')
      outer.close()
      for (const socket of sockets) socket.destroy()
      ports.upstream.agent.destroy()
      await closed
    },
  }
}

function refuseTunnel(socket: Socket, error: LocketError): void {
  const body = `locket: ${formatError(error)}\n`
  const length = Buffer.byteLength(body)
  const head = `HTTP/1.1 403 Forbidden\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: ${length}`
  socket.end(`${head}\r\nconnection: close\r\n\r\n${body}`)
}

async function listen(server: Server, host: string, port: number): Promise<void> {
  const listening = once(server, 'listening')
  server.listen({ host, port })
  await listening.catch((error: unknown) => {
    const reason =
      errnoOf(error) === 'EADDRINUSE'
        ? 'another program listens there'
        : systemReason(errnoOf(error), 'write')
    throw new LocketError('io', `cannot listen on ${host}:${port}: ${reason}`, { cause: error })
  })
}
