import assert from 'node:assert/strict'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { until } from '../../../scripts/engine/until.ts'
import { createVolume } from '../../../src/app/volume/create.ts'
import { NEVER } from '../../../src/app/volume/driver.ts'
import { mountVolume } from '../../../src/app/volume/mount.ts'
import { getVolume } from '../../../src/app/volume/status/status.ts'
import { unmountVolume } from '../../../src/app/volume/unmount.ts'
import { parseOnChange } from '../../../src/core/reload/on-change.ts'
import { formatError, toLocketError } from '../../../src/core/vocabulary/errors.ts'
import { fakeEngine } from '../../fixtures/servers/engine.ts'
import { CANARY, openWorld, passTime, restarted, testDriver, WRITTEN, type World } from '../world.ts'

const OPTIONS = { 'secret.a': '{{ memory://a }}', 'secret.b': '{{ memory://b }}' }
const settings = (onChange: string) => ({ refresh: 60_000, onChange: parseOnChange(onChange) })

/** A mounted volume that container `web` uses. */
async function mounted(t: TestContext, onChange: string) {
  const world = await openWorld(t)
  const engine = await fakeEngine(join(world.runtimeDir, '../docker.sock'), [
    { id: 'c1', name: 'web', volumes: ['v'] },
  ])
  t.after(() => engine[Symbol.asyncDispose]())
  engine.now = () => world.clock.now()
  world.dockerSocket = engine.socketPath
  begin(world)
  t.after(() => end(world))
  const driver = testDriver(world, settings(onChange))
  await createVolume(driver, 'v', OPTIONS, NEVER)
  const { mountpoint } = await mountVolume(driver, 'v', 'id', NEVER)
  t.after(() => unmountVolume(driver, 'v', 'id'))
  const root = join(mountpoint, '..')
  return { world, engine, driver, mountpoint, isOwed: () => driver.tree.isReloadOwed(root) }
}

/** The process ends: its work stops, and the mounts stay. The next driver is that of another process. */
const ends = new WeakMap<World, AbortController>()
function end(world: World): void {
  ends.get(world)?.abort(new Error('the process ends'))
  begin(world)
}
function begin(world: World): void {
  const stop = new AbortController()
  ends.set(world, stop)
  world.stopping = stop.signal
}

/** Lets an interval pass, or more while a refresh still runs, until the provider was asked once more. */
async function oneInterval(world: World): Promise<void> {
  const asked = world.provider.batches.length
  await passTime(world.clock, 67_000)
  await inTime(world, 'the provider is asked', () => world.provider.batches.length > asked)
}

/** Moves the clock until it is so. */
async function inTime(world: World, what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  await until(what, async () => {
    await world.clock.advance(300)
    return isSo()
  })
}

const rendered = ({ log }: World) => log.lines.filter(({ event }) => event === 'volume.rendered').length

test('one reload for each generation: none at the mount, none without a change', async (t) => {
  const { world, engine, isOwed } = await mounted(t, 'signal:SIGHUP')
  await oneInterval(world)
  await inTime(world, 'nothing is owed', async () => !(await isOwed()))
  await passTime(world.clock, 10_000)
  assert.deepEqual([engine.requests.length, rendered(world)], [0, 0])
  world.provider.put('a', 'two')
  await oneInterval(world)
  await inTime(world, 'the reload', () => engine.done.length > 0)
  await inTime(world, 'it is settled', async () => !(await isOwed()))
  await oneInterval(world)
  await passTime(world.clock, 10_000)
  assert.deepEqual([engine.done, rendered(world)], [['kill SIGHUP web'], 1])
})

test('an engine that hangs holds up no refresh, no Mount and no Unmount', async (t) => {
  const { world, engine, driver } = await mounted(t, 'restart')
  engine.knobs.trouble = 'hang'
  world.provider.put('a', 'two')
  await oneInterval(world)
  await inTime(world, 'the engine is asked', () => engine.requests.length > 0)
  world.provider.put('a', 'three')
  await oneInterval(world)
  await until('the next content is there', () => rendered(world) === 2)
  await mountVolume(driver, 'v', 'second', NEVER)
  await unmountVolume(driver, 'v', 'second')
  await inTime(world, 'Status says so', () =>
    getVolume(driver, 'v').status.warnings.some((line) => /did not answer within 10s/.test(line)),
  )
  engine.knobs.trouble = 'none'
  await inTime(world, 'the reload', () => engine.done.length > 0)
  assert.deepEqual(engine.done, ['restart web'])
})

test('a restart by a reload mounts the same content anew, which does not count as a change', async (t) => {
  const { world, engine, driver } = await mounted(t, 'restart')
  engine.onRestart = async () => {
    await unmountVolume(driver, 'v', 'id')
    await mountVolume(driver, 'v', 'id', NEVER)
  }
  world.provider.put('a', 'two')
  await oneInterval(world)
  await inTime(world, 'the restart', () => engine.done.length > 0)
  await oneInterval(world)
  await passTime(world.clock, 10_000)
  assert.deepEqual(engine.done, ['restart web'])
})

test('a reload that the last process did not get to is done by the next one, once', async (t) => {
  const { world, engine, isOwed } = await mounted(t, 'signal:SIGHUP')
  engine.knobs.trouble = 'hang'
  world.provider.put('a', 'two')
  await oneInterval(world)
  await until('the new content is there', () => rendered(world) === 1)
  end(world)
  assert.deepEqual([engine.done, await isOwed()], [[], true])
  engine.knobs.trouble = 'none'
  await restarted(world, settings('signal:SIGHUP'))
  await inTime(world, 'the reload', () => engine.done.length > 0)
  await inTime(world, 'it is settled', async () => !(await isOwed()))
  end(world)
  await restarted(world, settings('signal:SIGHUP'))
  end(world)
  await passTime(world.clock, 10_000)
  assert.deepEqual(engine.done, ['kill SIGHUP web'])
})

test('a process that dies at any step of a change loses no reload', async (t) => {
  let steps = 0
  for (let isDone = false; !isDone; steps += 1) {
    const { world, engine, isOwed } = await mounted(t, 'signal:SIGHUP')
    world.dieAtStep(steps)
    world.provider.put('a', 'two')
    await oneInterval(world)
    await until('it is dead or done', async () => {
      await world.clock.advance(300)
      return world.isDead() || engine.done.length > 0
    })
    isDone = !world.isDead()
    end(world)
    world.revive()
    await restarted(world, settings('signal:SIGHUP'))
    await inTime(world, 'the reload', () => engine.done.length > 0)
    await inTime(world, 'it is settled', async () => !(await isOwed()))
    assert.ok(engine.done.length <= 2, `step ${steps}: ${engine.done.join()}`)
    end(world)
  }
  assert.ok(steps > 6, `only ${steps} steps`)
})

test('a secret that changed while no process ran counts as a change', async (t) => {
  const { world, engine } = await mounted(t, 'signal:SIGHUP')
  end(world)
  world.provider.put('a', 'two')
  await restarted(world, settings('signal:SIGHUP'))
  await inTime(world, 'the reload', () => engine.done.length > 0)
  assert.deepEqual(engine.done, ['kill SIGHUP web'])
  end(world)
})

test('touch: the file is there from the mount on, and is new after each change alone', async (t) => {
  const { world, engine, mountpoint } = await mounted(t, 'touch:.reload')
  const facts = () => stat(join(mountpoint, '.reload'))
  const first = await facts()
  assert.deepEqual([first.size, first.mode & 0o777], [0, WRITTEN.fileMode])
  await oneInterval(world)
  assert.equal((await facts()).ino, first.ino)
  world.provider.put('a', 'two')
  await oneInterval(world)
  await until('it is new', async () => (await facts()).ino !== first.ino)
  const second = await facts()
  assert.ok(second.mtimeMs >= first.mtimeMs)
  await oneInterval(world)
  await passTime(world.clock, 5000)
  assert.equal((await facts()).ino, second.ino)
  assert.deepEqual((await readdir(mountpoint)).toSorted(), ['.reload', 'a', 'b'])
  assert.equal(engine.requests.length, 0)
  assert.equal(rendered(world), 1)
})

test('create: refused by name without a socket, except for touch; a later loss is reported', async (t) => {
  const { world } = await mounted(t, 'signal:SIGHUP')
  end(world)
  world.dockerSocket = undefined
  const without = testDriver(world, settings('restart'))
  const problem = await createVolume(without, 'new', OPTIONS, NEVER).then(
    () => assert.fail('it was created'),
    (thrown: unknown) => formatError(toLocketError(thrown)),
  )
  const cure = /^volume new: on-change is restart, but locket was not given .* socket \(set docker-socket/
  assert.match(problem, cure)
  await createVolume(testDriver(world, settings('touch:x')), 'touched', OPTIONS, NEVER)
  await restarted(world, settings('signal:SIGHUP'))
  end(world)
  const said = world.log.lines.filter(({ event }) => event === 'reload.impossible')
  assert.match(String(said[0]?.facts['error']), /on-change is signal:SIGHUP, but locket was not given/)
})

test('a volume whose files never change gets a warning: refresh is off by default', async (t) => {
  const { world } = await mounted(t, 'touch:x')
  const warned = () =>
    world.log.lines.some(({ facts }) => /set refresh to auto/.test(String(facts['warning'])))
  assert.equal(warned(), false)
  const driver = testDriver(world, { onChange: parseOnChange('touch:x') })
  await createVolume(driver, 'still', OPTIONS, NEVER)
  assert.equal(warned(), true)
})

test('no value is in an event or in a request to the engine', async (t) => {
  const { world, engine } = await mounted(t, 'exec:nginx -s reload')
  world.provider.put('a', `${CANARY}-new`)
  await oneInterval(world)
  await inTime(world, 'the reload', () => engine.done.length > 0)
  assert.ok(!JSON.stringify([world.log.lines, engine.requests, engine.done]).includes(CANARY))
})
