import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { until } from '../../scripts/engine/until.ts'
import { createAudit } from '../../src/app/audit/audit.ts'
import { createVolume } from '../../src/app/volume/create.ts'
import { NEVER, type Driver } from '../../src/app/volume/driver.ts'
import { mountVolume } from '../../src/app/volume/mount.ts'
import { removeVolume } from '../../src/app/volume/remove.ts'
import { unmountVolume } from '../../src/app/volume/unmount.ts'
import { parseChained, hashOf, FIRST } from '../../src/core/audit/chain.ts'
import type { AuditFacts } from '../../src/core/audit/facts.ts'
import type { AuditLog } from '../../src/core/ports/audit-log.ts'
import { LocketError } from '../../src/core/vocabulary/errors.ts'
import { openAuditFile } from '../../src/host/audit/audit-file.ts'
import { openHostKey } from '../../src/host/state/host-key.ts'
import { fakeEngine, type FakeContainer } from '../fixtures/servers/engine.ts'
import { assertNoSecret } from '../support/assert-no-secret.ts'
import { DAY_MS, DOWN, OPTIONS } from './cached-volume.ts'
import { CANARY, mountIdsOf, openWorld, passTime, testDriver, type World } from './world.ts'

interface Audited {
  readonly world: World
  readonly driver: Driver
  /** From now on lines cannot be written; `false` ends it. */
  readonly fill: (isFull: boolean) => void
  /** The lines so far, whose chain is whole. */
  readonly lines: () => Promise<AuditFacts[]>
  readonly text: () => Promise<string>
}

/** A driver with the volume `v` and an audit log. */
async function audited(
  t: Pick<TestContext, 'after'>,
  {
    onFailure = 'warn',
    ...overrides
  }: { onFailure?: 'warn' | 'deny'; refresh?: number; cache?: number } = {},
): Promise<Audited> {
  const world = await openWorld(t)
  const { clock, log, stateDir } = world
  const path = join(stateDir, 'audit.log')
  const file = openAuditFile(path, { clock, maxBytes: 1_048_576, files: 3 })
  t.after(() => file.close())
  let isFull = false
  const disk: AuditLog = {
    ...file,
    append: async (facts) => {
      if (isFull) throw new LocketError('io', 'the disk is full')
      await file.append(facts)
    },
  }
  const audit = createAudit({ log: disk, hostKey: openHostKey(stateDir), clock, emit: log.emit, onFailure })
  const driver = { ...testDriver(world, overrides), audit }
  await createVolume(driver, 'v', OPTIONS, NEVER)
  const text = () => readFile(path, 'utf8')
  return {
    world,
    driver,
    fill: (full) => (isFull = full),
    text,
    async lines() {
      let last = FIRST
      return (await text())
        .trimEnd()
        .split('\n')
        .map((line) => {
          const read = parseChained(line)
          assert.equal(read?.previous, last)
          last = hashOf(line)
          return read.facts as unknown as AuditFacts
        })
    },
  }
}

const actionsOf = (lines: readonly AuditFacts[]) => lines.map(({ action, outcome }) => `${action} ${outcome}`)

test('a life of a volume: who, which references of which provider, and never a value', async (t) => {
  const { driver, lines, text } = await audited(t)
  await mountVolume(driver, 'v', 'one', NEVER)
  await mountVolume(driver, 'v', 'two', NEVER)
  await unmountVolume(driver, 'v', 'one')
  await unmountVolume(driver, 'v', 'two')
  await removeVolume(driver, 'v', NEVER)
  await until('all lines are there', async () => (await lines()).length === 5)
  const all = await lines()
  assert.deepEqual(actionsOf(all), ['mount ok', 'mount-again ok', 'unmount ok', 'unmount ok', 'remove ok'])
  const [mount] = all
  assert.deepEqual(
    { ...mount, values: mount?.values?.map(({ reference, outcome }) => ({ reference, outcome })) },
    {
      time: '2026-11-22T00:00:00.000Z',
      action: 'mount',
      outcome: 'ok',
      command: 'volume',
      volume: 'v',
      mountId: 'one',
      provider: 'memory',
      values: [
        { reference: 'memory://a', outcome: 'ok' },
        { reference: 'memory://b', outcome: 'ok' },
      ],
    },
  )
  assertNoSecret(await text(), [`${CANARY}-a`, `${CANARY}-b`])
})

test('equal values of a reference have equal fingerprints, other values and references others', async (t) => {
  const { world, driver, lines } = await audited(t)
  world.provider.put('b', `${CANARY}-a`)
  for (const value of ['same', 'same', 'other']) {
    world.provider.put('a', value)
    world.provider.put('b', value)
    await mountVolume(driver, 'v', 'id', NEVER)
    await unmountVolume(driver, 'v', 'id')
  }
  const prints = (await lines()).flatMap(({ values }) => values?.map(({ fingerprint }) => fingerprint) ?? [])
  assert.equal(prints.length, 6)
  assert.deepEqual(prints.slice(0, 2), prints.slice(2, 4))
  assert.equal(new Set(prints).size, 4)
})

test('a refresh that finds the same values writes no line, another value or a failure one', async (t) => {
  const { world, driver, lines } = await audited(t, { refresh: 60_000 })
  await mountVolume(driver, 'v', 'id', NEVER)
  t.after(() => unmountVolume(driver, 'v', 'id'))
  const asked = () => world.provider.batches.length
  async function refreshed(times: number): Promise<void> {
    const before = asked()
    await until('it is asked', async () => {
      await passTime(world.clock, 10_000)
      return asked() >= before + times
    })
  }
  await refreshed(3)
  assert.equal((await lines()).length, 1)
  world.provider.put('a', 'rotated')
  await refreshed(2)
  await until('the line is there', async () => (await lines()).length === 2)
  world.provider.remove('a')
  await refreshed(3)
  await until('the line is there', async () => (await lines()).length === 3)
  const all = await lines()
  assert.deepEqual(actionsOf(all), ['mount ok', 'refresh ok', 'refresh not_found'])
  assert.deepEqual(
    all[2]?.values?.map(({ outcome }) => outcome),
    ['not_found', 'ok'],
  )
  assert.match(all[2]?.note ?? '', /no secret memory:\/\/a/)
})

test('a mount that failed has a line with its reason', async (t) => {
  const { world, driver, lines } = await audited(t)
  world.provider.fail(new LocketError('denied', 'memory denies it'))
  await assert.rejects(mountVolume(driver, 'v', 'id', NEVER))
  const [line] = await lines()
  assert.deepEqual([line?.action, line?.outcome, line?.mountId], ['mount', 'denied', 'id'])
  assert.match(line?.note ?? '', /memory denies it/)
})

test('a value of the cache is recorded as one, with its time', async (t) => {
  const { world, driver, lines } = await audited(t, { cache: DAY_MS })
  await mountVolume(driver, 'v', 'id', NEVER)
  await unmountVolume(driver, 'v', 'id')
  await driver.lastGood.close()
  await passTime(world.clock, 1000)
  world.provider.fail(DOWN)
  await mountVolume(driver, 'v', 'id', NEVER)
  t.after(() => unmountVolume(driver, 'v', 'id'))
  const [first, , last] = await lines()
  assert.deepEqual(
    last?.values?.map(({ outcome, since }) => `${outcome} ${since}`),
    ['cache 2026-11-22T00:00:00.000Z', 'cache 2026-11-22T00:00:00.000Z'],
  )
  assert.equal(last?.values?.[0]?.fingerprint, first?.values?.[0]?.fingerprint)
})

test('deny: a mount whose line cannot be written is refused, and leaves nothing', async (t) => {
  const { world, driver, fill, lines } = await audited(t, { onFailure: 'deny' })
  fill(true)
  await assert.rejects(mountVolume(driver, 'v', 'id', NEVER), /v not mounted: .*audit log: the disk is full/)
  assert.deepEqual([mountIdsOf(driver), await world.mountedTargets()], [[], []])
  fill(false)
  await mountVolume(driver, 'v', 'id', NEVER)
  fill(true)
  await assert.rejects(mountVolume(driver, 'v', 'second', NEVER), /audit log/)
  assert.deepEqual(mountIdsOf(driver), ['id'])
  // An Unmount is never refused.
  await unmountVolume(driver, 'v', 'id')
  assert.deepEqual(await world.mountedTargets(), [])
  fill(false)
  await removeVolume(driver, 'v', NEVER)
  await until('the line is there', async () => (await lines()).at(-1)?.action === 'remove')
  assert.deepEqual(actionsOf(await lines()), ['gap ok', 'mount ok', 'gap ok', 'remove ok'])
})

test('warn: the volume is mounted, and the gap is recorded and reported once', async (t) => {
  const { world, driver, fill, lines } = await audited(t)
  fill(true)
  await mountVolume(driver, 'v', 'id', NEVER)
  await unmountVolume(driver, 'v', 'id')
  fill(false)
  await mountVolume(driver, 'v', 'id', NEVER)
  t.after(() => unmountVolume(driver, 'v', 'id'))
  const [gap, mount] = await lines()
  assert.match(gap?.note ?? '', /^2 lines before this one could not be written, since 2026-11-22T/)
  assert.equal(mount?.action, 'mount')
  const events = world.log.lines.map(({ event }) => event).filter((event) => event.startsWith('audit'))
  assert.deepEqual(events, ['audit.failed', 'audit.recovered'])
})

test('a line names the container, when the engine knows only one that may be starting', async (t) => {
  const { world, driver, lines } = await audited(t)
  world.dockerSocket = join(world.runtimeDir, '../docker.sock')
  const web: FakeContainer = { id: 'web1', name: 'web', volumes: ['v'], state: 'created' }
  const job: FakeContainer = { id: 'job1', name: 'job', volumes: ['v'], state: 'running' }
  const engine = await fakeEngine(world.dockerSocket, [web, job])
  t.after(() => engine[Symbol.asyncDispose]())
  await mountVolume(driver, 'v', 'one', NEVER)
  web.state = 'running'
  await mountVolume(driver, 'v', 'two', NEVER)
  engine.containers.push({ ...web, id: 'old1', state: 'exited' }, { ...web, id: 'new1', state: 'created' })
  await mountVolume(driver, 'v', 'three', NEVER)
  for (const id of ['one', 'two', 'three']) await unmountVolume(driver, 'v', id)
  await until('all lines are there', async () => (await lines()).length === 6)
  const containers = (await lines()).map(({ action, container }) => `${action} ${container}`)
  assert.deepEqual(containers, [
    'mount web1',
    'mount-again undefined',
    'mount-again undefined',
    'unmount web1',
    'unmount undefined',
    'unmount undefined',
  ])
})

test('a mount does not wait long for an engine that does not answer', async (t) => {
  const { world, driver, lines } = await audited(t)
  world.dockerSocket = join(world.runtimeDir, '../docker.sock')
  const engine = await fakeEngine(world.dockerSocket, [])
  t.after(() => engine[Symbol.asyncDispose]())
  engine.knobs.trouble = 'hang'
  let isMounted = false
  const mounting = mountVolume(driver, 'v', 'id', NEVER).then(() => (isMounted = true))
  t.after(() => unmountVolume(driver, 'v', 'id'))
  await until('it is mounted', async () => {
    await world.clock.advance(500)
    return isMounted
  })
  await mounting
  assert.deepEqual(
    (await lines()).map(({ container }) => container),
    [undefined],
  )
})
