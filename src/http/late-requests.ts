import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Clock } from '../core/ports/clock.ts'
import { OVER } from '../core/waiting/over.ts'

/**
 * Refuses a request that has not arrived whole `limitMs` after its connection was opened, or after its
 * headers on a connection that has had requests before. Node's own check of the same wakes the process up
 * every second. Call it before the server listens.
 */
export function refuseLateRequests(server: Server, clock: Clock, limitMs: number): void {
  const waits = new WeakMap<Socket, AbortController>()
  const endWait = (socket: Socket) => waits.get(socket)?.abort(OVER)
  function startWait(socket: Socket): void {
    endWait(socket)
    const arrived = new AbortController()
    waits.set(socket, arrived)
    clock.sleep(limitMs, arrived.signal).then(
      () => refuse(socket),
      () => undefined,
    )
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
    endWait(socket)
    // Most requests are whole in the turn of the event loop that brings their headers.
    setImmediate(() => {
      if (request.complete || socket.destroyed) return
      startWait(socket)
      request.once('end', () => endWait(socket))
    })
  })
}
