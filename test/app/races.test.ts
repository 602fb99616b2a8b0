import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { isLocketError, LocketError } from '../../src/core/vocabulary/errors.ts'
import { NEVER, type Driver } from '../../src/app/volume/driver.ts'
import { mountVolume } from '../../src/app/volume/mount.ts'
import { tmpfsOf } from '../../src/app/volume/state.ts'
import { unmountVolume } from '../../src/app/volume/unmount.ts'
import { loadRecords, reconcile } from '../../src/app/volume/restore.ts'
import { createVolume } from '../../src/app/volume/create.ts'
import { removeVolume } from '../../src/app/volume/remove.ts'
import { getVolume } from '../../src/app/volume/status/status.ts'
import { createMemoryStore, type MemoryStore } from '../fakes/memory-store.ts'
import { CANARY, mountIdsOf, openWorld, testDriver, type World } from './world.ts'

const OPTIONS = { 'secret.a': '{{ memory://a }}' }
const IDS = ['one', 'two', 'three']
const id = fc.constantFrom(...IDS)

/** The requests that the engine can send at once; a number is the turns after which it hangs up. */
const action = fc.oneof(
  fc.record({
    do: fc.constantFrom('create' as const, 'remove' as const, 'get' as const, 'restart' as const),
  }),
  fc.record({ do: fc.constant('full' as const), isFull: fc.boolean() }),
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('mount' as const), id, hangUp: fc.option(fc.nat(20)) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('unmount' as const), id }) },
)
type Action = typeof action extends fc.Arbitrary<infer A> ? A : never

test('after any requests at once, the last unmount and the removal leave nothing', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(action, fc.nat(5)), { minLength: 10, maxLength: 30, size: 'max' }),
      async (actions) => {
        const store = createMemoryStore([])
        const world = await openWorld(t, { store })
        let driver = await startOn(world)
        await createVolume(driver, 'v', OPTIONS, NEVER)
        const running: Promise<unknown>[] = []
        for (const [asked, turns] of actions) {
          // A process that ends takes no requests with it: the engine waits for them.
          if (asked.do === 'restart') {
            await Promise.all(running)
            driver = await startOn(world)
          } else running.push(perform(asked, driver, store).catch(refused))
          await wait(turns)
        }
        await Promise.all(running)
        store.fill(false)
        await agrees(driver, world)
        for (const id of [...IDS, ...IDS, ...IDS]) await unmountUntilGone(driver, id)
        assert.deepEqual(await world.mountedTargets(), [])
        await removeVolume(driver, 'v', NEVER)
        assert.deepEqual((await store.load()).records, [])
        assert.deepEqual(await readdir(`${world.runtimeDir}/volumes`).catch(() => []), [])
      },
    ),
    { seed: 20_261_122, numRuns: 60 },
  )
})

async function perform(asked: Action, driver: Driver, store: MemoryStore): Promise<void> {
  if (asked.do === 'create') await createVolume(driver, 'v', OPTIONS, NEVER)
  if (asked.do === 'remove') await removeVolume(driver, 'v', NEVER)
  if (asked.do === 'get') assert.ok(!JSON.stringify(getVolume(driver, 'v')).includes(CANARY))
  if (asked.do === 'full') store.fill(asked.isFull)
  if (asked.do === 'unmount') await unmountVolume(driver, 'v', asked.id)
  if (asked.do !== 'mount') return
  const hangUp = new AbortController()
  const answer = mountVolume(driver, 'v', asked.id, hangUp.signal)
  if (asked.hangUp === null) return void (await answer)
  answer.catch(() => undefined)
  await wait(asked.hangUp)
  hangUp.abort(new LocketError('aborted', 'gone'))
  // As the edge does when the answer was ready, and nobody took it.
  await (await answer).undo()
}

/** Memory and the kernel tell the same, and nothing is mounted for nobody. */
async function agrees(driver: Driver, world: World): Promise<void> {
  const volume = driver.table.list()[0]
  const isMounted = (await world.mountedTargets()).length > 0
  assert.equal(volume !== undefined && tmpfsOf(volume.state) !== undefined, isMounted)
  if (isMounted) assert.notDeepEqual(mountIdsOf(driver), [], 'mounted for nobody')
}

/** An error in the answer is fine, a bug is not. */
function refused(thrown: unknown): void {
  if (!isLocketError(thrown) || thrown.code === 'internal') throw thrown
}

/** As often as it was mounted. */
async function unmountUntilGone(driver: Driver, id: string): Promise<void> {
  for (let uses = 0; uses < 30; uses += 1) await unmountVolume(driver, 'v', id)
}

async function startOn(world: World): Promise<Driver> {
  const driver = testDriver(world)
  const loaded = await world.store.load()
  await loadRecords(driver, loaded)
  await reconcile(driver)
  return driver
}

async function wait(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await new Promise((done) => setImmediate(done))
}
