import assert from 'node:assert/strict'
import { test } from 'node:test'
import { array, assert as holds, asyncProperty, integer } from 'fast-check'
import { createManualClock } from '../../../../test/fakes/manual-clock.ts'
import { LocketError } from '../../../core/vocabulary/errors.ts'
import { parseRates } from '../../../core/waiting/rate.ts'
import { createRateLimit } from './rate-limit.ts'

const forever = () => new AbortController().signal

test('no window of any rate ever sees more than its count, and every caller gets its turn', async () => {
  const arrivals = array(integer({ min: 0, max: 700 }), { minLength: 1, maxLength: 40 })
  await holds(
    asyncProperty(arrivals, async (waits) => {
      const clock = createManualClock()
      const limit = createRateLimit('x', parseRates('3/s,20/m'), clock)
      const went: number[] = []
      const go = async () => {
        const isGone = await limit.take(forever()).then(
          () => true,
          () => false,
        )
        if (isGone) went.push(clock.elapsed())
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

test('a caller that would wait over a minute gets an error with the time left', async () => {
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

test('an abandoned place in the queue goes to the next caller', async () => {
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

test('a pause of the server holds all callers, waiting ones too', async () => {
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

test('charged requests count too', async () => {
  const clock = createManualClock()
  const limit = createRateLimit('x', parseRates('5/h'), clock)
  await limit.take(forever())
  limit.charge(4)
  await assert.rejects(limit.take(forever()), { code: 'rate_limited' })
})

test('the rate still applies after a pause of the server', async () => {
  const clock = createManualClock()
  const limit = createRateLimit('x', parseRates('5/s'), clock)
  const went: number[] = []
  const go = async () => {
    await limit.take(forever())
    went.push(clock.elapsed())
  }
  const all = Array.from({ length: 20 }, go)
  await clock.advance(100)
  limit.hold(4000)
  await clock.advance(10_000)
  await Promise.all(all)
  for (const start of went) assert.ok(went.filter((at) => at >= start && at < start + 1000).length <= 5)
  assert.deepEqual(
    went.slice(0, 5).map((at) => at < 100),
    Array(5).fill(true),
  )
  assert.ok(went.slice(5).every((at) => at >= 4100))
})

test('setting the clock back delays no request', async () => {
  const manual = createManualClock()
  let setBackMs = 0
  const clock = { ...manual, now: () => manual.now() - setBackMs }
  for (const rates of ['none', '2/s']) {
    const limit = createRateLimit('x', parseRates(rates), clock)
    await limit.take(forever())
    setBackMs += 3_600_000
    await limit.take(forever())
  }
  assert.equal(manual.sleepers(), 0)
})

test('a deadline in the queue names the limit; a caller that leaves gets its own reason', async () => {
  const clock = createManualClock()
  const limit = createRateLimit('op', parseRates('2/s'), clock)
  await limit.take(forever())
  await limit.take(forever())
  const caller = new AbortController()
  const late = limit.take(caller.signal)
  caller.abort(new LocketError('timeout', 'no answer within 25000 ms'))
  await assert.rejects(late, {
    code: 'rate_limited',
    message: 'op has its limit of requests used up (max-rate is 2/s): the deadline came first',
  })
  const gone = new AbortController()
  const left = limit.take(gone.signal)
  gone.abort(new LocketError('aborted', 'gone'))
  await assert.rejects(left, { code: 'aborted' })
  await clock.advance(0)
  assert.equal(clock.sleepers(), 0, 'nobody is left in the queue, and a timer is')
})
