import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { servePlugin } from '../../src/http/docker/plugin.ts'
import { buildServer } from '../../src/http/server.ts'
import { openWorld, testDriver } from '../app/world.ts'

const ENDPOINTS = ['Create', 'Remove', 'Mount', 'Unmount', 'Path', 'Get', 'List', 'Capabilities']
const OPTIONS = { seed: 20261122, numRuns: 400 }

const nearlyRequest = fc.record(
  {
    Name: fc.oneof(fc.string(), fc.constantFrom('v', '..', '__proto__', 'toString'), fc.jsonValue()),
    ID: fc.oneof(fc.string(), fc.jsonValue()),
    Opts: fc.oneof(
      fc.dictionary(fc.constantFrom('secret.a', 'secret.../b', 'size', '__proto__', 'x'), fc.string()),
      fc.jsonValue(),
    ),
  },
  { requiredKeys: [] },
)
const body = fc.oneof(
  fc.string({ maxLength: 200 }),
  fc.jsonValue().map((value) => JSON.stringify(value)),
  nearlyRequest.map((value) => JSON.stringify(value)),
  fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
)

test('for any body the answer is JSON with an expected Err, and names stay on the allow-list', async (t) => {
  const world = await openWorld(t)
  const driver = testDriver(world)
  const server = buildServer(world.log.emit, world.clock)
  servePlugin(server, driver)
  t.after(() => server.close())
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...ENDPOINTS), body, async (endpoint, payload) => {
      const answer = await server.inject({ method: 'POST', url: `/VolumeDriver.${endpoint}`, payload })
      assert.equal(answer.statusCode, 200)
      const { Err } = answer.json<{ Err?: unknown }>()
      assert.ok(Err === undefined || typeof Err === 'string', answer.body)
      assert.ok(!String(Err).includes('inside locket'), `${endpoint} ${payload} → ${answer.body}`)
    }),
    OPTIONS,
  )
  for (const volume of driver.table.list()) assert.match(volume.name, /^[a-zA-Z0-9][\w.-]*$/)
  assert.ok(!world.log.lines.some((line) => line.event === 'http.bug'))
  for (const volume of driver.table.list()) {
    await server.inject({
      method: 'POST',
      url: '/VolumeDriver.Remove',
      payload: JSON.stringify({ Name: volume.name }),
    })
  }
  assert.deepEqual(await world.mountedTargets(), [])
})
