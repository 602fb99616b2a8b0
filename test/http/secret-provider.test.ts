import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import * as fc from 'fast-check'
import { servePlugin } from '../../src/http/docker/plugin.ts'
import { buildServer } from '../../src/http/server.ts'
import { assertNoSecret } from '../support/assert-no-secret.ts'
import { CANARY, openWorld, testDriver } from '../app/world.ts'

const URL = '/SecretProvider.GetSecret'

async function open(t: TestContext) {
  const world = await openWorld(t)
  const driver = testDriver(world)
  const server = buildServer(world.log.emit, world.clock)
  servePlugin(server, driver)
  t.after(async () => {
    await server.close()
    driver.swarm[Symbol.dispose]()
  })
  return { world, call: (payload: string) => server.inject({ method: 'POST', url: URL, payload }) }
}

/** As engine 28.5.2 sends it. */
const GOLDEN = {
  SecretName: 'db_password',
  SecretLabels: { 'locket.secret': '{{ memory://a }}', team: 'x' },
  ServiceHostname: 'h-{{.Node.Hostname}}',
  ServiceID: 'q2y',
  ServiceName: 'shop_db',
  ServiceLabels: { 'com.docker.stack.namespace': 'shop' },
  TaskID: 'x7',
  TaskName: 'shop_db.1.x7',
  TaskImage: 'bb:latest',
  NodeID: 'n1',
  ServiceEndpointSpec: {},
}

test('the answer holds the value in base64 and DoNotReuse, for the request of an engine as it is', async (t) => {
  const { call } = await open(t)
  const answer = await call(`${JSON.stringify(GOLDEN)}\n`)
  assert.deepEqual(answer.json(), {
    Value: Buffer.from(`${CANARY}-a`).toString('base64'),
    DoNotReuse: true,
  })
  const least = { SecretName: 's', SecretLabels: GOLDEN.SecretLabels, TaskID: 't' }
  assert.equal((await call(JSON.stringify(least))).json<{ Err?: string }>().Err, undefined)
})

test('a request for nobody is refused: no body, no secret, no task', async (t) => {
  const { world, call } = await open(t)
  for (const [payload, message] of [
    ['', /the request has no body/],
    ['{}', /check SecretName, TaskID/],
    [JSON.stringify({ ...GOLDEN, TaskID: '' }), /check TaskID/],
    [JSON.stringify({ ...GOLDEN, SecretName: '' }), /check SecretName/],
    [JSON.stringify({ ...GOLDEN, SecretName: undefined }), /check SecretName/],
    [JSON.stringify({ ...GOLDEN, SecretLabels: { a: 'x'.repeat(1_200_000) } }), /larger than 1 MiB/],
    ['{"SecretName":"a","TaskID":"t","SecretLabels":{"__proto__":"x"}}', /__proto__/],
  ] as const) {
    const answer = await call(payload)
    assert.equal(answer.statusCode, 200)
    const { Err, DoNotReuse, Value } = answer.json<Record<string, unknown>>()
    assert.match(String(Err), message)
    assert.deepEqual([DoNotReuse, Value], [true, undefined])
  }
  assert.equal(world.provider.batches.length, 0)
})

test('for any body the answer says DoNotReuse, and has a value only with all that is needed', async (t) => {
  const { world, call } = await open(t)
  const text = fc.oneof(fc.string(), fc.constantFrom('a', '__proto__', '', 'memory://a', '{{ memory://a }}'))
  const labels = fc.dictionary(fc.constantFrom('locket.secret', 'locket.ref', 'locket.x', 'a'), text)
  const nearly = fc.record(
    {
      SecretName: text,
      TaskID: text,
      SecretLabels: fc.oneof(labels, fc.jsonValue()),
      TaskName: fc.jsonValue(),
    },
    { requiredKeys: [] },
  )
  const body = fc.oneof(
    fc.string(),
    fc.jsonValue().map((it) => JSON.stringify(it)),
    nearly.map((it) => JSON.stringify(it)),
  )
  await fc.assert(
    fc.asyncProperty(body, async (payload) => {
      const answer = await call(payload)
      assert.equal(answer.statusCode, 200)
      const { Err, DoNotReuse, Value } = answer.json<Record<string, unknown>>()
      assert.equal(DoNotReuse, true)
      assert.notEqual(Err === undefined, Value === undefined)
      assert.ok(!String(Err).includes('inside locket'), `${payload} → ${answer.body}`)
    }),
    { seed: 20261130, numRuns: 300 },
  )
  assertNoSecret(JSON.stringify(world.log.lines), [CANARY])
})
