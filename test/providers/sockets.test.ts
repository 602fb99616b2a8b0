import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { once } from 'node:events'
import { test } from 'node:test'
import { openSockets } from '../../src/providers/lib/http/sockets.ts'

// This is a separate file, because it tests the first use of fetch in a process.
test('the very first pool of a process is its own, and closing it closes its idle connections', async (t) => {
  const server = createServer((socket) => {
    socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'))
  })
  server.listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  const connected: Promise<[Socket]> = once(server, 'connection') as Promise<[Socket]>
  const sockets = await openSockets(2)
  assert.ok(sockets.dispatcher !== undefined)
  const { port } = server.address() as AddressInfo
  const response = await fetch(`http://127.0.0.1:${port}/`, { dispatcher: sockets.dispatcher })
  assert.equal(await response.text(), 'ok')
  const [socket] = await connected
  const closed = once(socket, 'close')
  await sockets.close()
  await closed
})
