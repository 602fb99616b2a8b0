import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { rotateOnce } from '../../../src/app/swarm/rotate.ts'
import { rotateUntil } from '../../../src/app/swarm/rotate-until.ts'
import { openRotationFile } from '../../../src/host/state/rotation-file.ts'
import { LocketError } from '../../../src/core/vocabulary/errors.ts'
import { Secret } from '../../../src/core/vocabulary/secret.ts'
import { createMemorySwarm, rotatedService } from '../../fakes/memory-swarm.ts'
import { assertNoSecret } from '../../support/assert-no-secret.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { readFile } from 'node:fs/promises'
import { CANARY, openWorld, testDriver } from '../world.ts'

const SETTLE_MS = 65_000

async function open(t: TestContext) {
  const world = await openWorld(t)
  const driver = testDriver(world)
  t.after(() => driver.clients.close())
  const dir = await temporaryFolder(t)
  const engine = createMemorySwarm()
  const labels = (key: string) => ({ 'locket.secret': `memory://${key}` })
  engine.held.secrets = [
    { id: 's1', name: 'db', labels: labels('a') },
    { id: 's2', name: 'token', labels: labels('b') },
  ]
  engine.held.services = [
    rotatedService('shop', ['s1', 's2', 'of-another-driver']),
    rotatedService('web', ['s2']),
    rotatedService('quiet', ['s1'], { labels: {} }),
  ]
  const stopping = new AbortController()
  const ports = {
    clock: world.clock,
    emit: world.log.emit,
    engine,
    clients: driver.clients,
    store: openRotationFile(dir),
    key: Secret.fromText('a key of 32 bytes, for the tests.'),
    driver: 'locket',
    swarm: driver.daemon.swarm,
    settleMs: SETTLE_MS,
    signal: stopping.signal,
  }
  /** The outcomes of one look, by the names of services. */
  const look = async (isDry = false) => {
    const rows = await rotateOnce(ports, isDry)
    return Object.fromEntries(rows.map((row) => [row.service, row.outcome]))
  }
  return { world, engine, ports, look, dir, stopping }
}

test('a change redeploys each service once, when no plugin holds the old value any more', async (t) => {
  const { world, engine, look, dir } = await open(t)
  assert.deepEqual(await look(), { shop: 'noted', web: 'noted' })
  assert.deepEqual(await look(), { shop: 'unchanged', web: 'unchanged' })
  world.provider.put('a', `${CANARY}-new`)
  assert.deepEqual(await look(), { shop: 'changed', web: 'unchanged' })
  await world.clock.advance(SETTLE_MS - 1000)
  assert.deepEqual(await look(), { shop: 'changed', web: 'unchanged' })
  await world.clock.advance(1000)
  assert.deepEqual(await look(), { shop: 'redeployed', web: 'unchanged' })
  assert.deepEqual(await look(), { shop: 'unchanged', web: 'unchanged' })
  assert.deepEqual(engine.redeployed, ['shop'])
  assertNoSecret(await readFile(`${dir}/rotation.json`), [CANARY])
  assertNoSecret(JSON.stringify(world.log.lines), [CANARY])
})

test('two secrets that change make one redeployment; the service without the label is left alone', async (t) => {
  const { world, engine, look } = await open(t)
  await look()
  world.provider.put('a', 'new-a')
  world.provider.put('b', 'new-b')
  await look()
  await world.clock.advance(SETTLE_MS)
  assert.deepEqual(await look(), { shop: 'redeployed', web: 'redeployed' })
  assert.deepEqual(engine.redeployed, ['shop', 'web'])
})

test('a dry run changes nothing and keeps nothing', async (t) => {
  const { world, engine, look } = await open(t)
  await look()
  world.provider.put('a', 'new')
  assert.deepEqual(await look(true), { shop: 'changed', web: 'unchanged' })
  await world.clock.advance(SETTLE_MS)
  assert.deepEqual(await look(true), { shop: 'changed', web: 'unchanged' })
  assert.deepEqual(await look(), { shop: 'changed', web: 'unchanged' })
  assert.deepEqual(engine.redeployed, [])
})

test('the provider is down, or a value is gone: nothing is redeployed', async (t) => {
  const { world, engine, look } = await open(t)
  await look()
  world.provider.put('b', 'new')
  world.provider.remove('a')
  await look()
  await world.clock.advance(SETTLE_MS)
  assert.deepEqual(await look(), { shop: 'failed', web: 'redeployed' })
  world.provider.fail(new LocketError('unavailable', 'down'))
  assert.deepEqual(await look(), { shop: 'failed', web: 'failed' })
  assert.deepEqual(engine.redeployed, ['web'])
})

test('an update that pauses or rolls back is not tried again at once, but for a newer value', async (t) => {
  const { world, engine, look, ports } = await open(t)
  await look()
  world.provider.put('a', 'new')
  await look()
  engine.endsAs = 'rollback_completed'
  await world.clock.advance(SETTLE_MS)
  assert.deepEqual(await look(), { shop: 'failed', web: 'unchanged' })
  await world.clock.advance(SETTLE_MS)
  const [row] = await rotateOnce(ports, false)
  assert.match(row?.reason ?? '', /^the last redeployment failed: it is tried again in \d+ s$/)
  engine.endsAs = 'completed'
  world.provider.put('a', 'newer')
  await look()
  await world.clock.advance(SETTLE_MS)
  assert.deepEqual(await look(), { shop: 'redeployed', web: 'unchanged' })
  assert.equal(engine.redeployed.length, 2)
})

test('a service whose update is paused or under way is left to its owner', async (t) => {
  const { world, engine, ports, look } = await open(t)
  await look()
  world.provider.put('a', 'new')
  await look()
  await world.clock.advance(SETTLE_MS)
  for (const [state, reason] of [
    ['paused', /its last update is paused: finish it/],
    ['rollback_paused', /its last update is rollback paused/],
    ['updating', /another update of it is under way/],
  ] as const) {
    const update = { state, startedAt: state, message: '' }
    engine.held.services = [rotatedService('shop', ['s1', 's2'], { update })]
    assert.match((await rotateOnce(ports, false))[0]?.reason ?? '', reason)
  }
  assert.deepEqual(engine.redeployed, [])
})

test('a rotation that is killed after the redeployment does not redeploy again', async (t) => {
  const { world, engine, look, ports } = await open(t)
  await look()
  world.provider.put('a', 'new')
  await look()
  await world.clock.advance(SETTLE_MS)
  const killed = new AbortController()
  engine.onRedeploy = () => {
    killed.abort(new Error('killed'))
    throw killed.signal.reason
  }
  await assert.rejects(rotateOnce({ ...ports, signal: killed.signal }, false), /killed/)
  engine.onRedeploy = () => undefined
  assert.deepEqual(await look(), { shop: 'redeployed', web: 'unchanged' })
  assert.deepEqual(engine.redeployed, ['shop'])
})

test('stop-first is warned of, and the state of a damaged file is not guessed', async (t) => {
  const { world, engine, look, dir } = await open(t)
  engine.held.services = [rotatedService('shop', ['s1'], { startsFirst: false })]
  await look()
  world.provider.put('a', 'new')
  await look()
  await world.clock.advance(SETTLE_MS)
  await look()
  const names = world.log.lines.map(({ event }) => event)
  assert.deepEqual(
    names.filter((name) => name.startsWith('swarm.')),
    ['swarm.stop-first', 'swarm.redeploying', 'swarm.redeployed'],
  )
  const { writeFile } = await import('node:fs/promises')
  await writeFile(`${dir}/rotation.json`, '{"version":1')
  await assert.rejects(look(), { code: 'state_corrupt' })
})

test('with --watch only the leader works, and a node that is not a manager is refused', async (t) => {
  const { world, engine, ports, stopping } = await open(t)
  engine.held.isLeader = false
  const watching = rotateUntil(ports, 60_000)
  await world.clock.advance(130_000)
  assert.equal(world.provider.batches.length, 0)
  assert.equal(world.log.lines.filter(({ event }) => event === 'swarm.follower').length, 1)
  stopping.abort()
  await watching
  engine.held.isManager = false
  const again = { ...ports, signal: new AbortController().signal }
  await assert.rejects(rotateUntil(again, 60_000), { code: 'config', message: /not a manager/ })
})
