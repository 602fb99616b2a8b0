import assert from 'node:assert/strict'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { test } from 'node:test'
import { createManualClock } from '../../../test/fakes/manual-clock.ts'
import { createRef, type SecretRef } from '../../core/vocabulary/ref.ts'
import { PROVIDERS } from '../../providers/index.ts'
import { createCommandRefresh, type CommandRefresh } from './command-refresh.ts'

const providers = PROVIDERS.map((def) => ({ name: def.kind, def, settings: { file: '/s.age' } }))
const refOf = (provider: string) => createRef(provider, 'a', `${provider}://a`)

type IsAbout = (ref: SecretRef) => boolean

/** One run that asks these providers. Returns whether all values were due. */
async function run(command: CommandRefresh, ...names: string[]): Promise<boolean> {
  const one = command.begin()
  await one.done(names.map(refOf), { isSteady: true })
  return one.isDue
}

async function setup(refresh: 'auto' | 'off' | number) {
  const clock = createManualClock()
  const counts = { fired: 0, forgotten: 0 }
  const watched: string[] = []
  const watch = async (paths: readonly string[]) => {
    watched.push(...paths)
    return { [Symbol.asyncDispose]: async () => void watched.splice(0) }
  }
  const told = {
    isLive: false,
    names: [] as readonly string[],
    hear: (_isAbout: IsAbout) => undefined as unknown,
  }
  const follow = (names: readonly string[], hear: typeof told.hear) => {
    Object.assign(told, { names, hear })
    return { isLive: () => told.isLive, [Symbol.dispose]: () => void (told.names = []) }
  }
  const versions = { text: undefined as string | undefined }
  const command = createCommandRefresh(
    { refresh, providers },
    { clock, watch, follow, versionsOf: async () => versions.text },
    { forget: () => void (counts.forgotten += 1), failed: assert.fail },
  )
  const opened = await command.trigger(() => void (counts.fired += 1))
  return { clock, counts, watched, command, opened, told, versions }
}

test('the schedule is that of the providers that are asked, and changes with them', async () => {
  const { clock, counts, watched, command, opened } = await setup('auto')
  await clock.advance(3_600_000)
  assert.equal(counts.fired, 0)
  assert.equal(await run(command, 'bws', 'env'), false)
  await clock.advance(330_000)
  assert.deepEqual(counts, { fired: 1, forgotten: 1 })
  // The other templates have not changed and were not read: their providers stay in the schedule.
  assert.equal(await run(command, 'bao'), true)
  await run(command, 'bws')
  await clock.advance(66_000)
  assert.equal(counts.fired, 2)
  assert.equal(await run(command, 'local'), true)
  await nextTurn()
  assert.deepEqual([watched, clock.sleepers()], [['/s.age'], 0])
  await opened[Symbol.asyncDispose]()
  assert.deepEqual(watched, [])
})

test('off, and a trigger that was closed, have neither timer nor watch', async () => {
  const off = await setup('off')
  await run(off.command, 'bao', 'local')
  const closed = await setup('auto')
  await closed.opened[Symbol.asyncDispose]()
  await run(closed.command, 'bao')
  for (const { clock, watched } of [off, closed]) assert.deepEqual([clock.sleepers(), watched], [0, []])
})

test('values with a lease are asked for again when two thirds of it are over', async () => {
  const { clock, counts, command, opened } = await setup('auto')
  await command.begin().done([refOf('bao')], { expiresAt: clock.now() + 3_600_000, isSteady: true })
  await clock.advance(2_100_000)
  assert.equal(counts.fired, 0)
  await clock.advance(600_000)
  assert.ok(counts.fired > 0)
  await opened[Symbol.asyncDispose]()
})

test('while a server tells changes nothing is asked by the clock, and a change wakes at once', async () => {
  const { clock, counts, command, opened, told } = await setup('auto')
  await run(command, 'locket')
  assert.deepEqual(told.names, ['locket'])
  told.isLive = true
  await clock.advance(3_600_000)
  assert.equal(counts.fired, 0)
  told.hear((ref) => ref.provider === 'bao')
  assert.equal(counts.fired, 0)
  told.hear((ref) => ref.key === 'a')
  await nextTurn()
  assert.equal(counts.fired, 1)
  await run(command, 'locket')
  told.isLive = false
  // The interval is a minute, give or take a tenth: one or two ticks.
  await clock.advance(66_000)
  const asked = counts.fired
  assert.ok(asked > 1)
  told.isLive = true
  await command.begin().done([refOf('locket')], { isSteady: false })
  await clock.advance(66_000)
  assert.ok(counts.fired > asked, 'what changes by itself is asked for')
  await opened[Symbol.asyncDispose]()
  assert.deepEqual(told.names, [])
})

test('values whose versions are the same are not asked for, and once an hour all the same', async () => {
  const { clock, counts, command, opened, told, versions } = await setup('auto')
  await run(command, 'locket')
  const tell = async (text: string | undefined): Promise<number> => {
    versions.text = text
    const before = counts.fired
    told.hear(() => true)
    await nextTurn()
    return counts.fired - before
  }
  told.isLive = true
  assert.equal(await tell('v1'), 1, 'no versions are known at first')
  assert.equal(await tell('v1'), 1, 'the values of the run are not in place')
  assert.equal(await run(command, 'locket'), true)
  assert.equal(await tell('v1'), 0)
  assert.equal(await run(command, 'locket'), false)
  assert.equal(await tell('v2'), 1)
  await run(command, 'locket')
  assert.deepEqual([await tell('v2'), await tell(undefined)], [0, 1], 'it is not known')
  await run(command, 'locket')
  assert.equal(await tell('v2'), 1)
  await run(command, 'locket')
  await clock.advance(3_600_000)
  assert.equal(await tell('v2'), 1)
  await opened[Symbol.asyncDispose]()
  assert.equal(await tell('v3'), 0)
})
