import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { test } from 'node:test'
import { systemClock } from '../../src/host/daemon/clock.ts'
import { openConnections } from '../../src/providers/lib/http/connections.ts'

test('closing the connections of a server closes the idle ones', async (t) => {
  const server = createServer((socket) => {
    socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'))
  })
  server.listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  const connected: Promise<[Socket]> = once(server, 'connection') as Promise<[Socket]>
  const { port } = server.address() as AddressInfo
  const connections = await openConnections({
    server: new URL(`http://127.0.0.1:${port}`),
    maxConcurrent: 2,
    caCert: undefined,
    proxy: undefined,
    clock: systemClock(),
  })
  const { signal } = new AbortController()
  const asked = connections.request({ method: 'GET', path: '/', headers: {}, signal })
  asked.end()
  const [answer] = (await once(asked, 'response')) as [AsyncIterable<Buffer>]
  for await (const chunk of answer) assert.equal(chunk.toString(), 'ok')
  const [socket] = await connected
  const closed = once(socket, 'close')
  connections.close()
  await closed
})
