import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createPace, inOneTurn, inTurns, TURN_MS, type Steps } from './turns.ts'

/** A clock that moves by `ms` each time it is read, and counts turns. */
function tickingClock(ms: number) {
  const clock = {
    now: 0,
    turns: 0,
    elapsed: () => (clock.now += ms),
    nextTurn: async () => {
      clock.turns += 1
    },
  }
  return clock
}

function* countTo(steps: number): Steps<number> {
  for (let step = 0; step < steps; step += 1) yield
  return steps
}

test('long work ends its turn once it has lasted long enough', async () => {
  const clock = tickingClock(1)
  assert.equal(await inTurns(countTo(10 * TURN_MS), clock), 10 * TURN_MS)
  assert.ok(clock.turns >= 9 && clock.turns <= 10, `${clock.turns}`)
})

test('short work is one turn', async () => {
  const clock = tickingClock(0)
  await inTurns(countTo(1000), clock)
  assert.equal(clock.turns, 0)
  assert.equal(inOneTurn(countTo(3)), 3)
})

test('pace returns nothing to wait for while the turn is short', async () => {
  const clock = tickingClock(0)
  const pace = createPace(clock)
  assert.equal(pace(), undefined)
  clock.now += TURN_MS
  const pause = pace()
  assert.notEqual(pause, undefined)
  await pause
  assert.equal(clock.turns, 1)
  assert.equal(pace(), undefined)
})

test('an error of a step ends the work', async () => {
  let isCleaned = false
  function* failing(): Steps<void> {
    try {
      yield
      throw new Error('broken step')
    } finally {
      isCleaned = true
    }
  }
  await assert.rejects(inTurns(failing(), tickingClock(1)), /broken step/)
  assert.ok(isCleaned)
})

test('work is ended between two turns when it may not go on', async () => {
  const seen: string[] = []
  function* endless(): Steps<void> {
    try {
      for (;;) yield
    } catch {
      seen.push('catch')
    } finally {
      seen.push('finally')
    }
  }
  const clock = tickingClock(1)
  const mayGoOn = (): void => {
    if (clock.turns === 3) throw new Error('too long')
  }
  await assert.rejects(inTurns(endless(), clock, mayGoOn), /too long/)
  assert.deepEqual(seen, ['finally'])
})
