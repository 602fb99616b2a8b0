import assert from 'node:assert/strict'
import { test } from 'node:test'
import { array, assert as holds, asyncProperty, integer } from 'fast-check'
import { createManualClock } from '../../../test/fakes/manual-clock.ts'
import { parseRates } from '../../core/rate.ts'
import { createRateLimit } from './rate-limit.ts'

const forever = () => new AbortController().signal

test('no window of any rate ever sees more than its count, and nobody waits in vain', async () => {
  const arrivals = array(integer({ min: 0, max: 700 }), { minLength: 1, maxLength: 40 })
  await holds(
    asyncProperty(arrivals, async (waits) => {
      const clock = createManualClock(0)
      const limit = createRateLimit('x', parseRates('3/s,20/m'), clock)
      const went: number[] = []
      const go = async () => {
        const isGone = await limit.take(forever()).then(
          () => true,
          () => false,
        )
        if (isGone) went.push(clock.now())
      }
      for (const wait of waits) {
        void go()
        await clock.advance(wait)
      }
      await clock.advance(180_000)
      for (const start of went) {
        assert.ok(went.filter((at) => at >= start && at < start + 1000).length <= 3)
        assert.ok(went.filter((at) => at >= start && at < start + 60_000).length <= 20)
      }
      assert.ok(went.length >= Math.min(waits.length, 20))
    }),
    { numRuns: 30 },
  )
})

test('who would wait for more than a minute is told when to come again', async () => {
  const clock = createManualClock()
  const limit = createRateLimit('op', parseRates('2/h'), clock)
  await limit.take(forever())
  await limit.take(forever())
  await assert.rejects(limit.take(forever()), (error: unknown) => {
    assert.ok(error instanceof Error && 'code' in error && 'retryAfterMs' in error)
    assert.equal(error.code, 'rate_limited')
    assert.equal(error.message, 'op has its limit of requests used up (max-rate is 2/h), for another 1h1s')
    assert.equal(error.retryAfterMs, 3_600_200)
    return true
  })
  await clock.advance(3_600_200)
  await limit.take(forever())
})

test('a place in the queue that is given up goes to the next', async () => {
  const clock = createManualClock()
  const limit = createRateLimit('x', parseRates('1/s'), clock)
  await limit.take(forever())
  const impatient = new AbortController()
  const left = limit.take(impatient.signal)
  impatient.abort(new Error('gone'))
  await assert.rejects(left, /gone/)
  let isThere = false
  const next = limit.take(forever()).then(() => (isThere = true))
  await clock.advance(1199)
  assert.equal(isThere, false)
  await clock.advance(1)
  await next
})

test('what the server asks for holds everybody, those who wait already too', async () => {
  const clock = createManualClock()
  const limit = createRateLimit('x', parseRates('1/s'), clock)
  await limit.take(forever())
  const waits = limit.take(forever())
  limit.hold(10_000)
  let isThere = false
  waits.then(
    () => (isThere = true),
    () => undefined,
  )
  await clock.advance(9999)
  assert.equal(isThere, false)
  await clock.advance(1)
  await waits
  limit.hold(90_000)
  await assert.rejects(limit.take(forever()), {
    code: 'rate_limited',
    message: /^x has asked for no more requests, for another 1m30s$/,
  })
})

test('requests that were not asked for count too', async () => {
  const clock = createManualClock()
  const limit = createRateLimit('x', parseRates('5/h'), clock)
  await limit.take(forever())
  limit.charge(4)
  await assert.rejects(limit.take(forever()), { code: 'rate_limited' })
})
