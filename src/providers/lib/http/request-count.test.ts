import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createManualClock } from '../../../../test/fakes/manual-clock.ts'
import { createRequestCount } from './request-count.ts'

test('the last hour is counted to the minute, and older requests are forgotten', async () => {
  const clock = createManualClock(0)
  const count = createRequestCount(clock)
  count.add(2)
  await clock.advance(30 * 60_000)
  count.add(3)
  assert.equal(count.lastHour(), 5)
  await clock.advance(30 * 60_000)
  assert.equal(count.lastHour(), 3)
  await clock.advance(30 * 60_000)
  assert.equal(count.lastHour(), 0)
})
