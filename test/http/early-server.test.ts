import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { openEarlyServer } from '../../src/http/early-server.ts'
import { buildServer, closeServer } from '../../src/http/server.ts'
import { openWorld } from '../app/world.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

test('a request that came before fastify was loaded is answered by it', async (t) => {
  const world = await openWorld(t)
  const socket = join(await temporaryFolder(t), 'socket')
  const early = openEarlyServer(world.clock)
  t.after(() => early.server.closeAllConnections())
  early.server.listen(socket)
  await once(early.server, 'listening')
  const request = http.request({ socketPath: socket, method: 'POST', path: '/Test' }).end('{"a":1}')
  const answered = once(request, 'response')
  await once(early.server, 'request')
  const server = buildServer(world.log.emit, world.clock, early)
  server.post('/Test', async (asked) => ({ got: asked.body }))
  await server.ready()
  early.serve((asked, answer) => server.routing(asked, answer))
  const [response] = (await answered) as [http.IncomingMessage]
  assert.deepEqual(JSON.parse(Buffer.concat(await response.toArray()).toString()), { got: '{"a":1}' })
  await closeServer(server, world.clock)
  assert.equal(early.server.listening, false)
})

test('a connection that came before fastify was loaded is closed when it is idle', async (t) => {
  const world = await openWorld(t)
  const socket = join(await temporaryFolder(t), 'socket')
  const early = openEarlyServer(world.clock)
  const { keepAliveTimeout, timeout } = early.server
  assert.deepEqual([keepAliveTimeout, timeout], [72_000, 0])
  early.server.listen(socket)
  await once(early.server, 'listening')
  const idle = connect(socket)
  await once(early.server, 'connection')
  const server = buildServer(world.log.emit, world.clock, early)
  await server.ready()
  assert.equal(server.server, early.server)
  await Promise.all([once(idle, 'close'), closeServer(server, world.clock)])
})
