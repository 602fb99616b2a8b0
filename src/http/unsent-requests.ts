import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'

/** The connections of each server, with the request that arrives or is answered on it. */
const servers = new WeakMap<Server, Map<Socket, IncomingMessage | undefined>>()

/** Records the connections of a server for `closeUnsent`. Call it before the server listens. */
export function watchUnsent(server: Server): void {
  const connections = new Map<Socket, IncomingMessage | undefined>()
  servers.set(server, connections)
  server.on('connection', (socket) => {
    connections.set(socket, undefined)
    socket.once('close', () => connections.delete(socket))
  })
  server.on('request', (request, response) => {
    const { socket } = request
    connections.set(socket, request)
    response.once('finish', () => connections.has(socket) && connections.set(socket, undefined))
  })
}

/** Closes connections whose request has not arrived whole. A request that is being answered is left alone. */
export function closeUnsent(server: Server): void {
  for (const [socket, request] of servers.get(server) ?? []) if (request?.complete !== true) socket.destroy()
}
