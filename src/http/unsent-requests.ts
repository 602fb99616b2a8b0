import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'

/**
 * Connections whose request has not arrived whole. They hold up a stop of the daemon until they are closed.
 */
export interface UnsentRequests {
  /** Leaves a connection alone whose request is being answered. */
  readonly close: () => void
}

/** Call it before the server listens. */
export function watchUnsent(server: Server): UnsentRequests {
  const connections = new Map<Socket, IncomingMessage | undefined>()
  server.on('connection', (socket) => {
    connections.set(socket, undefined)
    socket.once('close', () => connections.delete(socket))
  })
  server.on('request', (request, response) => {
    connections.set(request.socket, request)
    response.once(
      'finish',
      () => connections.has(request.socket) && connections.set(request.socket, undefined),
    )
  })
  return {
    close() {
      for (const [socket, request] of connections) if (request?.complete !== true) socket.destroy()
    },
  }
}
