import type { Server } from 'node:http'
import type { Socket } from 'node:net'

/**
 * Refuses a request that has not arrived whole `limitMs` after its connection was opened, or after its
 * headers on a connection that has had requests before. Node's own check of the same wakes the process up
 * every second. Call it before the server listens.
 */
export function refuseLateRequests(server: Server, limitMs: number): void {
  const timers = new WeakMap<Socket, NodeJS.Timeout>()
  const disarm = (socket: Socket) => clearTimeout(timers.get(socket))
  function arm(socket: Socket): void {
    disarm(socket)
    timers.set(socket, setTimeout(refuse, limitMs, socket).unref())
  }
  /** The event of Node's own check: its listener answers 408 and closes the connection. */
  function refuse(socket: Socket): void {
    const late = Object.assign(new Error('Request timeout'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' })
    server.emit('clientError', late, socket)
  }
  server.on('connection', (socket) => {
    arm(socket)
    socket.once('close', () => disarm(socket))
  })
  server.on('request', (request) => {
    const { socket } = request
    arm(socket)
    request.once('end', () => disarm(socket))
  })
}
