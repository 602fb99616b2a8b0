import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Clock } from '../core/ports/clock.ts'
import { OVER } from '../core/waiting/over.ts'

/**
 * Refuses a request that has not arrived whole `limitMs` after its connection was opened, or after its
 * headers on a connection that has had requests before. Node's own check of the same wakes the process up
 * every second, also when nobody asks. One timer is for all connections: one for each would be a tenth of a
 * short call. Call it before the server listens.
 */
export function refuseLateRequests(server: Server, clock: Clock, limitMs: number): void {
  /** The moments until which requests must have arrived, as `Clock.elapsed`, the first one first. */
  const limits = new Map<Socket, number>()
  const closed = new AbortController()
  let isWatching = false

  const endWait = (socket: Socket) => limits.delete(socket)
  function startWait(socket: Socket): void {
    endWait(socket)
    limits.set(socket, clock.elapsed() + limitMs)
    if (isWatching) return
    isWatching = true
    // Rejects only when the server is closed.
    watch().catch(() => undefined)
  }
  async function watch(): Promise<void> {
    for (let [next] = limits; next !== undefined; [next] = limits) {
      const [socket, limit] = next
      const left = limit - clock.elapsed()
      if (left > 0) await clock.sleep(left, closed.signal)
      // Meanwhile the request may have arrived, and another one may have begun.
      else if (endWait(socket)) refuse(socket)
    }
    isWatching = false
  }
  /** The event of Node's own check: its listener answers 408 and closes the connection. */
  function refuse(socket: Socket): void {
    const late = Object.assign(new Error('Request timeout'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' })
    server.emit('clientError', late, socket)
  }
  server.on('connection', (socket) => {
    startWait(socket)
    socket.once('close', () => endWait(socket))
  })
  server.on('request', (request) => {
    const { socket } = request
    startWait(socket)
    request.once('end', () => endWait(socket))
  })
  // A timer that is left would keep the process alive.
  server.once('close', () => closed.abort(OVER))
}
