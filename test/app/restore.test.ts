import assert from 'node:assert/strict'
import { cp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { NEVER, type Driver } from '../../src/app/volume/driver.ts'
import { mountVolume } from '../../src/app/volume/mount.ts'
import { unmountVolume } from '../../src/app/volume/unmount.ts'
import { loadRecords, reconcile } from '../../src/app/volume/restore.ts'
import { createVolume } from '../../src/app/volume/create.ts'
import { removeVolume } from '../../src/app/volume/remove.ts'
import { getVolume } from '../../src/app/volume/status/status.ts'
import { formatState } from '../../src/host/state/state-format.ts'
import { CANARY, mountIdsOf, openWorld, testDriver, type World } from './world.ts'

const NOTHING = formatState({ savedAt: new Date(0).toISOString(), records: [], mountsApart: false })
const OPTIONS = { 'secret.a': '{{ memory://a }}' }

/** A process died with `v` mounted. */
async function diedMounted(t: Parameters<typeof openWorld>[0]): Promise<World> {
  const world = await openWorld(t)
  const driver = testDriver(world)
  await createVolume(driver, 'v', OPTIONS, NEVER)
  await mountVolume(driver, 'v', 'one', NEVER)
  return world
}

/** The next process as it is when the first requests come: it has not compared anything yet. */
async function justListening(world: World): Promise<{ driver: Driver; compare: () => Promise<void> }> {
  const driver = testDriver(world)
  const loaded = await world.store.load()
  await loadRecords(driver, loaded)
  return { driver, compare: () => reconcile(driver) }
}

test('the first Get after a crash shows what is mounted', async (t) => {
  const world = await diedMounted(t)
  const { driver } = await justListening(world)
  const { mountpoint, status } = getVolume(driver, 'v')
  assert.equal(status.state, 'mounted')
  assert.equal(await readFile(join(mountpoint, 'a'), 'utf8'), `${CANARY}-a`)
})

test('the first Get after a reboot shows no orphan', async (t) => {
  const world = await diedMounted(t)
  await world.ports.mounts.unmount(`${world.runtimeDir}/volumes/v`)
  world.bootId = 'next-boot'
  const { driver } = await justListening(world)
  assert.equal(getVolume(driver, 'v').status.state, 'idle')
  assert.deepEqual(getVolume(driver, 'v').status.mounts, [])
})

test('after a fallback an early Mount wipes nothing that containers can be using', async (t) => {
  for (const isForgotten of [false, true]) {
    const world = await diedMounted(t)
    const state = join(world.runtimeDir, '../state/state.json')
    await writeFile(state, 'rubbish')
    await writeFile(join(state, '../mounts.log'), 'rubbish')
    if (isForgotten) await writeFile(`${state}.prev`, NOTHING)
    const { driver, compare } = await justListening(world)
    if (isForgotten) await createVolume(driver, 'v', OPTIONS, NEVER)
    await mountVolume(driver, 'v', 'two', NEVER)
    await compare()
    assert.equal(world.provider.batches.length, 1, 'it was mounted anew')
    await unmountVolume(driver, 'v', 'two')
    assert.deepEqual(await world.mountedTargets(), [])
  }
})

test('requests that come before the comparison keep what they did', async (t) => {
  const world = await diedMounted(t)
  const { driver, compare } = await justListening(world)
  await Promise.all([
    unmountVolume(driver, 'v', 'one'),
    compare(),
    mountVolume(driver, 'v', 'two', NEVER),
    createVolume(driver, 'w', OPTIONS, NEVER),
  ])
  assert.equal(getVolume(driver, 'v').status.state, 'mounted')
  await Promise.all([removeVolume(driver, 'v', NEVER), compare(), removeVolume(driver, 'w', NEVER)])
  assert.deepEqual(await world.mountedTargets(), [])
  assert.deepEqual(driver.table.list(), [])
  assert.equal((await world.store.load()).records.length, 0)
})

/** The state folder as it is now; the function puts it back, as a restored backup does. */
async function backup(world: World): Promise<() => Promise<void>> {
  const folder = join(world.runtimeDir, '../state')
  await cp(folder, `${folder}-backup`, { recursive: true })
  return async () => {
    await rm(folder, { recursive: true })
    await cp(`${folder}-backup`, folder, { recursive: true })
  }
}

test('a state file that is damaged or of yesterday costs no mount reference', async (t) => {
  const world = await openWorld(t)
  const first = testDriver(world)
  await createVolume(first, 'v', OPTIONS, NEVER)
  const state = join(world.runtimeDir, '../state/state.json')
  const yesterday = await readFile(state)
  await mountVolume(first, 'v', 'one', NEVER)
  await createVolume(first, 'w', OPTIONS, NEVER)
  await mountVolume(first, 'v', 'two', NEVER)
  for (const content of ['rubbish', yesterday]) {
    await writeFile(state, content)
    const { driver, compare } = await justListening(world)
    await compare()
    assert.deepEqual(mountIdsOf(driver), ['one', 'two'])
    assert.equal(getVolume(driver, 'v').status.state, 'mounted')
  }
})

test('without its references a mounted volume is kept, and the next start says the same', async (t) => {
  for (const damage of [(path: string) => rm(path), (path: string) => writeFile(path, 'rubbish\n')]) {
    const world = await diedMounted(t)
    await damage(join(world.runtimeDir, '../state/mounts.log'))
    for (let starts = 0; starts < 2; starts += 1) {
      const { driver, compare } = await justListening(world)
      await compare()
      assert.match(getVolume(driver, 'v').status.warnings.join(), /references were lost/)
      await createVolume(driver, `new-${starts}`, OPTIONS, NEVER)
    }
    assert.equal((await world.mountedTargets()).length, 1)
  }
})

for (const [what, mountsBefore] of [
  ['without the volume', undefined],
  ['with the volume unmounted', []],
  ['with an earlier tmpfs of the volume', ['one']],
] as const) {
  test(`a restored state ${what} keeps what is mounted, twice`, async (t) => {
    const world = await openWorld(t)
    const first = testDriver(world)
    await createVolume(first, 'other', OPTIONS, NEVER)
    if (mountsBefore !== undefined) await createVolume(first, 'v', OPTIONS, NEVER)
    for (const id of mountsBefore ?? []) {
      await mountVolume(first, 'v', id, NEVER)
      await unmountVolume(first, 'v', id)
      await world.clock.advance(1000)
    }
    const restore = await backup(world)
    if (mountsBefore === undefined) await createVolume(first, 'v', OPTIONS, NEVER)
    const { mountpoint } = await mountVolume(first, 'v', 'two', NEVER)
    await restore()
    for (let starts = 0; starts < 2; starts += 1) {
      const { driver, compare } = await justListening(world)
      await compare()
      await createVolume(driver, `new-${starts}`, OPTIONS, NEVER)
      assert.equal(await readFile(join(mountpoint, 'a'), 'utf8'), `${CANARY}-a`)
      const kept = world.log.lines.findLast(({ event }) => /^volume\.(adopted|unknown)$/.test(event))
      assert.match(kept?.message ?? '', /state is lost or older: kept|is lost or older: kept until/)
    }
  })
}

test('a mount whose record has lost its last user is wiped at the start, and that is logged', async (t) => {
  const world = await openWorld(t)
  const first = testDriver(world)
  await createVolume(first, 'v', OPTIONS, NEVER)
  await mountVolume(first, 'v', 'one', NEVER)
  const { records } = await world.store.load()
  await world.store.save(records.map((record) => ({ ...record, mounts: [] })))
  const { compare } = await justListening(world)
  await compare()
  assert.deepEqual(await world.mountedTargets(), [])
  assert.ok(
    world.log.lines.some(
      ({ event, message }) => event === 'volume.wiped' && /names no container/.test(message),
    ),
  )
})

test('the comparison asks for all mounts at once, and lets requests go in between', async (t) => {
  const world = await openWorld(t)
  const first = testDriver(world)
  for (let n = 0; n < 40; n += 1) await createVolume(first, `v${n}`, OPTIONS, NEVER)
  const driver = testDriver(world)
  const loaded = await world.store.load()
  await loadRecords(driver, loaded)
  let questions = 0
  let atOnce = 0
  let mostAtOnce = 0
  const count = <T>(work: Promise<T>): Promise<T> => {
    questions += 1
    return work
  }
  await reconcile({
    ...driver,
    mounts: {
      ...driver.mounts,
      isMounted: (target) => count(driver.mounts.isMounted(target)),
      listUnder: (folder) => count(driver.mounts.listUnder(folder)),
    },
    locks: {
      async run(name, signal, task) {
        atOnce += 1
        mostAtOnce = Math.max(mostAtOnce, atOnce)
        const answer = await driver.locks.run(name, signal, task)
        atOnce -= 1
        return answer
      },
    },
  })
  assert.equal(questions, 1)
  assert.ok(mostAtOnce <= 4, `${mostAtOnce} volumes at once`)
})
