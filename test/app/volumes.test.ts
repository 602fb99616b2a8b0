import assert from 'node:assert/strict'
import { closeSync, openSync, readSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { LocketError } from '../../src/core/vocabulary/errors.ts'
import { NEVER } from '../../src/app/volume/driver.ts'
import { lastAbandonedMount, mountVolume } from '../../src/app/volume/mount.ts'
import { unmountVolume } from '../../src/app/volume/unmount.ts'
import { createVolume } from '../../src/app/volume/create.ts'
import { removeVolume } from '../../src/app/volume/remove.ts'
import { getVolume, listVolumes } from '../../src/app/volume/status/status.ts'
import { createMemoryStore } from '../fakes/memory-store.ts'
import { until } from '../../scripts/engine/until.ts'
import { CANARY, mountIdsOf, openWorld, passTime, restarted, testDriver, TMPFS, WRITTEN } from './world.ts'

const OPTIONS = { 'secret.a': '{{ memory://a }}', 'secret.b': '{{ memory://b }} {{ memory://a }}' }

test('one batch, each secret once, for all files of a mount; none for a second mount', async (t) => {
  const world = await openWorld(t)
  const driver = testDriver(world)
  await createVolume(driver, 'v', OPTIONS, NEVER)
  assert.deepEqual(world.provider.batches, [], 'create asked the provider')
  await mountVolume(driver, 'v', 'one', NEVER)
  await mountVolume(driver, 'v', 'two', NEVER)
  assert.deepEqual(world.provider.batches, [['a', 'b']])
})

test('mounts of one volume at once: one provisions, all get the same', async (t) => {
  const world = await openWorld(t)
  const driver = testDriver(world)
  await createVolume(driver, 'v', OPTIONS, NEVER)
  const ids = Array.from({ length: 8 }, (_, n) => `id${n}`)
  const answers = await Promise.all(ids.map((id) => mountVolume(driver, 'v', id, NEVER)))
  assert.equal(new Set(answers.map((answer) => answer.mountpoint)).size, 1)
  assert.equal(world.provider.batches.length, 1)
  await Promise.all(ids.map((id) => unmountVolume(driver, 'v', id)))
  assert.deepEqual(await world.mountedTargets(), [])
})

test('an open descriptor reads no secret after the last unmount', async (t) => {
  const world = await openWorld(t)
  const driver = testDriver(world)
  await createVolume(driver, 'v', OPTIONS, NEVER)
  const { mountpoint } = await mountVolume(driver, 'v', 'one', NEVER)
  const descriptor = openSync(join(mountpoint, 'a'), 'r')
  t.after(() => closeSync(descriptor))
  await unmountVolume(driver, 'v', 'one')
  const buffer = Buffer.alloc(100)
  const length = readSync(descriptor, buffer, 0, 100, 0)
  assert.ok(
    buffer.subarray(0, length).every((byte) => byte === 0),
    'the secret is still there',
  )
})

test('a retryable failure is tried again every two seconds', async (t) => {
  const world = await openWorld(t)
  const driver = testDriver(world)
  await createVolume(driver, 'v', OPTIONS, NEVER)
  world.provider.fail(new LocketError('unavailable', 'memory is down'))
  const mounting = mountVolume(driver, 'v', 'one', NEVER)
  await until('the provider is asked', () => world.provider.batches.length > 0)
  await passTime(world.clock, 10_000)
  world.provider.fail(undefined)
  await passTime(world.clock, 3000)
  await mounting
  assert.equal(world.provider.batches.length, 1 + 5 + 1)
})

test('a deadline ends the wait and the error says what was wrong all along', async (t) => {
  const world = await openWorld(t)
  const driver = testDriver(world)
  await createVolume(driver, 'v', OPTIONS, NEVER)
  world.provider.fail(new LocketError('unavailable', 'memory is down', { hint: 'switch it on' }))
  const mounting = assert.rejects(
    mountVolume(driver, 'v', 'one', NEVER),
    /volume v not mounted: .*memory:\/\/a .*memory is down/,
  )
  await passTime(world.clock, 26_000)
  await mounting
  assert.deepEqual(await world.mountedTargets(), [])
})

test('a provider that hangs costs the deadline, and the volume is free again', async (t) => {
  const world = await openWorld(t)
  const driver = testDriver(world)
  await createVolume(driver, 'v', OPTIONS, NEVER)
  world.provider.hang(true)
  const mounting = assert.rejects(mountVolume(driver, 'v', 'one', NEVER), /deadline|no answer/)
  await passTime(world.clock, 26_000)
  await mounting
  world.provider.hang(false)
  await mountVolume(driver, 'v', 'one', NEVER)
})

test('a failure that is not retryable fails at once, and names every failing reference', async (t) => {
  for (const code of ['auth', 'denied', 'not_found'] as const) {
    const world = await openWorld(t)
    const driver = testDriver(world)
    await createVolume(driver, 'v', OPTIONS, NEVER)
    world.provider.fail(new LocketError(code, 'no'))
    await assert.rejects(mountVolume(driver, 'v', 'one', NEVER), /memory:\/\/a .*memory:\/\/b/)
    assert.equal(world.provider.batches.length, 1)
  }
})

test('every file whose filter fails is named', async (t) => {
  const world = await openWorld(t)
  const driver = testDriver(world)
  const options = { 'secret.a': '{{ memory://a | get "x" }}', 'secret.b': '{{ memory://b | totp }}' }
  await createVolume(driver, 'v', options, NEVER)
  await assert.rejects(
    mountVolume(driver, 'v', 'one', NEVER),
    /secret\.a: .*not JSON .*; .*secret\.b: .*base32/,
  )
})

test('while a mount hangs, other volumes work, and Get and List answer', async (t) => {
  const world = await openWorld(t)
  const driver = testDriver(world)
  await createVolume(driver, 'hung', OPTIONS, NEVER)
  await createVolume(driver, 'fine', { 'secret.x': 'no reference' }, NEVER)
  world.provider.hang(true)
  const hangUp = new AbortController()
  const hung = mountVolume(driver, 'hung', 'one', hangUp.signal)
  await mountVolume(driver, 'fine', 'two', NEVER)
  assert.equal(getVolume(driver, 'hung').mountpoint, '')
  assert.equal(listVolumes(driver).length, 2)
  hangUp.abort(new LocketError('aborted', 'gone'))
  await assert.rejects(hung)
})

test('a hang-up before or after the answer is undone, and the repetition gets the reason', async (t) => {
  const world = await openWorld(t)
  const driver = testDriver(world)
  await createVolume(driver, 'v', OPTIONS, NEVER)
  world.provider.hang(true)
  const hangUp = new AbortController()
  const mounting = mountVolume(driver, 'v', 'one', hangUp.signal)
  await until('it was asked', () => world.provider.batches.length > 0)
  hangUp.abort(new LocketError('aborted', 'gone'))
  await assert.rejects(mounting)
  assert.match(lastAbandonedMount(driver) ?? '', /volume v not mounted/)
  world.provider.hang(false)
  const answer = await mountVolume(driver, 'v', 'two', NEVER)
  await answer.undo()
  assert.deepEqual(await world.mountedTargets(), [])
  assert.deepEqual(mountIdsOf(driver), [])
})

test('a state that cannot be saved fails the mount and leaves nothing mounted', async (t) => {
  const store = createMemoryStore()
  const world = await openWorld(t, { store })
  const driver = testDriver(world)
  await createVolume(driver, 'v', OPTIONS, NEVER)
  store.fill(true)
  await assert.rejects(mountVolume(driver, 'v', 'one', NEVER), /ENOSPC/)
  assert.deepEqual(await world.mountedTargets(), [])
  await assert.rejects(createVolume(driver, 'w', OPTIONS, NEVER), /ENOSPC/)
  assert.equal(listVolumes(driver).length, 1)
  await assert.rejects(removeVolume(driver, 'v', NEVER), /ENOSPC/)
  assert.equal(listVolumes(driver).length, 1)
  store.fill(false)
  await mountVolume(driver, 'v', 'one', NEVER)
  store.fill(true)
  await unmountVolume(driver, 'v', 'one')
  assert.deepEqual(await world.mountedTargets(), [], 'a full disk keeps secrets from being wiped')
  store.fill(false)
  await removeVolume(driver, 'v', NEVER)
})

test('files that do not fit are refused with both numbers', async (t) => {
  const world = await openWorld(t)
  const driver = testDriver(world, {
    tmpfs: { ...TMPFS, sizeBytes: 8192 },
  })
  await createVolume(driver, 'v', { 'secret.a': 'x'.repeat(20_000) }, NEVER)
  await assert.rejects(mountVolume(driver, 'v', 'one', NEVER), /2[04]K.*8K/)
})

test('passthrough writes the tag and ignore leaves the file out, and Status says so', async (t) => {
  for (const policy of ['passthrough', 'ignore'] as const) {
    const world = await openWorld(t)
    const driver = testDriver(world, { written: { ...WRITTEN, policy } })
    await createVolume(
      driver,
      'v',
      { 'secret.a': '{{ memory://nope }}', 'secret.b': '{{ memory://b }}' },
      NEVER,
    )
    const { mountpoint } = await mountVolume(driver, 'v', 'one', NEVER)
    assert.equal(await readFile(join(mountpoint, 'b'), 'utf8'), `${CANARY}-b`)
    const text = await readFile(join(mountpoint, 'a'), 'utf8').catch(() => 'none')
    assert.equal(text, policy === 'passthrough' ? '{{ memory://nope }}' : 'none')
    assert.match(getVolume(driver, 'v').status.warnings.join(), /memory:\/\/nope/)
  }
})

test('a volume that mounts without a file is logged, with the reason', async (t) => {
  const world = await openWorld(t)
  const driver = testDriver(world, { written: { ...WRITTEN, policy: 'ignore' } })
  await createVolume(driver, 'bare', {}, NEVER)
  await createVolume(driver, 'missing', { 'secret.a': '{{ memory://nope }}' }, NEVER)
  await createVolume(driver, 'full', { 'secret.b': '{{ memory://b }}' }, NEVER)
  for (const name of ['bare', 'missing', 'full']) await mountVolume(driver, name, 'one', NEVER)
  assert.deepEqual(
    world.log.lines.filter(({ event }) => event === 'volume.mounted.empty').map(({ message }) => message),
    [
      'mounted without any file: no option secret.NAME is set',
      'mounted without any file: its references have no value, and inject-failure-policy is ignore',
    ],
  )
})

test('restore drops references of an earlier boot, and orphans those whose tmpfs is gone', async (t) => {
  const world = await openWorld(t)
  const first = testDriver(world)
  await createVolume(first, 'v', OPTIONS, NEVER)
  await mountVolume(first, 'v', 'one', NEVER)
  await first.mounts.unmount(`${world.runtimeDir}/volumes/v`)
  const second = await restarted(world)
  assert.equal(getVolume(second, 'v').status.state, 'orphaned')
  await mountVolume(second, 'v', 'two', NEVER)
  assert.deepEqual(mountIdsOf(second), ['two'])
  await second.mounts.unmount(`${world.runtimeDir}/volumes/v`)
  world.bootId = 'next-boot'
  const third = await restarted(world)
  assert.equal(getVolume(third, 'v').status.state, 'idle')
})

test('restore after a fallback keeps mounts that nothing accounts for, until they are removed', async (t) => {
  const world = await openWorld(t)
  const first = testDriver(world)
  await createVolume(first, 'v', OPTIONS, NEVER)
  await mountVolume(first, 'v', 'one', NEVER)
  const state = join(world.runtimeDir, '../state/state.json')
  await writeFile(state, 'rubbish')
  await writeFile(join(state, '../mounts.log'), 'rubbish')
  const second = await restarted(world)
  assert.equal(mountIdsOf(second).length, 0)
  assert.equal((await world.mountedTargets()).length, 1)
  const { mountpoint } = await mountVolume(second, 'v', 'two', NEVER)
  assert.equal(await readFile(join(mountpoint, 'a'), 'utf8'), `${CANARY}-a`)
  await unmountVolume(second, 'v', 'two')
  assert.deepEqual(await world.mountedTargets(), [])
})

test('watch: a changed template file is rendered again; a broken one keeps the old files', async (t) => {
  const world = await openWorld(t)
  const driver = testDriver(world, { watch: true })
  const template = join(world.runtimeDir, '../app.conf')
  await writeFile(template, 'old {{ memory://a }}')
  await createVolume(driver, 'v', { 'secret.app': `@${template}` }, NEVER)
  const { mountpoint } = await mountVolume(driver, 'v', 'one', NEVER)
  const read = () => readFile(join(mountpoint, 'app'), 'utf8')
  await writeFile(template, 'new {{ memory://a }}')
  await until('rendered again', async () => (await read()) === `new ${CANARY}-a`)
  await writeFile(template, 'bad {{ memory://nope }}')
  await until('the failure is reported', () => /nope/.test(getVolume(driver, 'v').status.lastError ?? ''))
  assert.equal(await read(), `new ${CANARY}-a`)
  await unmountVolume(driver, 'v', 'one')
})
