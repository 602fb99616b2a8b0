import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** A connection to a daemon, for requests that no HTTP client would send. */
export async function openRaw(socketPath: string): Promise<Socket> {
  const socket = connect(socketPath)
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  return socket
}
