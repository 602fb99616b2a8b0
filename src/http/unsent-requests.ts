import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** A request that arrives, is answered or was answered, with its answer. */
interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

/** The connections of each server, with the last request on it. */
const servers = new WeakMap<Server, Map<Socket, Exchange | undefined>>()

/** Records the connections of a server for `closeUnsent`. Call it before the server listens. */
export function watchUnsent(server: Server): void {
  const connections = new Map<Socket, Exchange | undefined>()
  servers.set(server, connections)
  server.on('connection', (socket) => {
    connections.set(socket, undefined)
    socket.once('close', () => connections.delete(socket))
  })
  server.on('request', (request, response) => {
    if (connections.has(request.socket)) connections.set(request.socket, { request, response })
  })
}

/** Closes connections whose request has not arrived whole. A request that is being answered is left alone. */
export function closeUnsent(server: Server): void {
  for (const [socket, last] of servers.get(server) ?? []) {
    const isAnswering = last?.request.complete === true && !last.response.writableFinished
    if (!isAnswering) socket.destroy()
  }
}
