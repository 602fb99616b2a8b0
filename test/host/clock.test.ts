import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Clock } from '../../src/core/ports/clock.ts'
import { systemClock } from '../../src/host/daemon/clock.ts'
import { openHostFacts } from '../../src/host/daemon/host-facts.ts'
import { createManualClock } from '../fakes/manual-clock.ts'

interface ClockSubject {
  readonly clock: Clock
  /** Lets so much time go by. */
  readonly pass: (ms: number) => Promise<void>
}

/** Tests that every Clock must pass. */
const subjects: readonly (readonly [string, () => ClockSubject])[] = [
  ['system clock', () => ({ clock: systemClock(), pass: (ms) => systemClock().sleep(ms) })],
  [
    'manual clock',
    () => {
      const clock = createManualClock()
      return { clock, pass: (ms) => clock.advance(ms) }
    },
  ],
]

for (const [kind, open] of subjects) {
  test(`${kind}: a sleep ends when its time has come, not before`, async () => {
    const { clock, pass } = open()
    const start = clock.now()
    let woke: number | undefined
    const sleeping = clock.sleep(50).then(() => (woke = clock.now()))
    await pass(10)
    assert.equal(woke, undefined)
    await pass(60)
    await sleeping
    assert.ok(woke !== undefined && woke - start >= 49, `${woke} - ${start}`)
  })

  test(`${kind}: a short sleep ends before a long one`, async () => {
    const { clock, pass } = open()
    const ended: string[] = []
    const both = [
      clock.sleep(60).then(() => ended.push('long')),
      clock.sleep(20).then(() => ended.push('short')),
    ]
    await pass(100)
    await Promise.all(both)
    assert.deepEqual(ended, ['short', 'long'])
  })

  test(`${kind}: an aborted sleep rejects with the signal's reason, at once`, async () => {
    const { clock } = open()
    const reason = new Error('enough')
    const controller = new AbortController()
    const sleeping = clock.sleep(60_000, controller.signal)
    controller.abort(reason)
    await assert.rejects(sleeping, reason)
    await assert.rejects(clock.sleep(1, controller.signal), reason)
  })

  test(`${kind}: no sleep at all is over at once`, async () => {
    const { clock } = open()
    await clock.sleep(0)
  })
}

test('system clock: a sleep of months does not end at once', async () => {
  const controller = new AbortController()
  const sleeping = systemClock().sleep(2 ** 32 + 5, controller.signal)
  const first = await Promise.race([
    sleeping.then(() => 'slept'),
    systemClock()
      .sleep(30)
      .then(() => 'waited'),
  ])
  assert.equal(first, 'waited')
  controller.abort()
  await assert.rejects(sleeping)
})

test('the host tells its boot and how long ago it was', () => {
  const host = openHostFacts()
  assert.match(host.bootId, /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/)
  assert.equal(openHostFacts().bootId, host.bootId)
  const first = host.uptimeMs()
  assert.ok(first > 0 && host.uptimeMs() >= first)
})

test('system clock: one turn of the event loop resumes one of those that wait for a turn', async () => {
  const clock = systemClock()
  const turns: number[] = []
  let turn = 0
  let isCounting = true
  const count = (): void => {
    turn += 1
    if (isCounting) setImmediate(count)
  }
  setImmediate(count)
  await Promise.all(
    Array.from({ length: 5 }, async () => {
      await clock.nextTurn()
      turns.push(turn)
    }),
  )
  isCounting = false
  assert.equal(new Set(turns).size, 5, turns.join(', '))
})
