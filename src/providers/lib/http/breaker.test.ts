import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createManualClock } from '../../../../test/fakes/manual-clock.ts'
import { LocketError } from '../../../core/vocabulary/errors.ts'
import { createBreaker } from './breaker.ts'

const DOWN = new LocketError('unavailable', 'bao at http://b refused the connection (ECONNREFUSED)')

async function opened() {
  const clock = createManualClock()
  const breaker = createBreaker(clock)
  for (let failures = 0; failures < 5; failures += 1) {
    breaker.check()
    breaker.failed(DOWN)
    await clock.advance(4000)
  }
  return { clock, breaker }
}

test('many failures at once do not open the breaker: a server may be starting', async () => {
  const clock = createManualClock()
  const breaker = createBreaker(clock)
  for (let failures = 0; failures < 100; failures += 1) breaker.failed(DOWN)
  await clock.advance(14_000)
  breaker.failed(DOWN)
  breaker.check()
  assert.equal(breaker.state(), undefined)
})

test('lasting failures open it for 30 s; the error has the failure and the time left', async () => {
  const { clock, breaker } = await opened()
  const says =
    'bao at http://b refused the connection (ECONNREFUSED); not asked for another 26s after 5 failures in a row'
  assert.throws(() => breaker.check(), { code: 'unavailable', message: says, retryAfterMs: 26_000 })
  assert.equal(breaker.state(), says)
  await clock.advance(25_999)
  assert.throws(() => breaker.check())
  assert.throws(() => breaker.peek())
  await clock.advance(1)
  assert.equal(breaker.state(), undefined, 'nothing is paused any more')
  breaker.peek()
  breaker.check()
  assert.throws(() => breaker.peek(), { retryAfterMs: 2000 })
})

test('one request tries whether the server is back; success closes it, failure opens it again', async () => {
  const { clock, breaker } = await opened()
  await clock.advance(26_000)
  breaker.check()
  assert.throws(() => breaker.check(), { retryAfterMs: 2000 })
  breaker.failed(DOWN)
  assert.throws(() => breaker.check(), { retryAfterMs: 30_000 })
  await clock.advance(30_000)
  breaker.check()
  breaker.succeeded()
  breaker.check()
  breaker.check()
  assert.equal(breaker.state(), undefined)
})

test('an abandoned probe changes nothing', async () => {
  const { clock, breaker } = await opened()
  await clock.advance(26_000)
  breaker.check()
  breaker.unknown()
  breaker.check()
  assert.throws(() => breaker.check())
})

test('one success in between resets the count', async () => {
  const clock = createManualClock()
  const breaker = createBreaker(clock)
  for (let failures = 0; failures < 20; failures += 1) {
    breaker.failed(DOWN)
    if (failures % 4 === 3) breaker.succeeded()
    await clock.advance(4000)
  }
  breaker.check()
})

test('after a long pause that the server asked for, one request asks whether it is over', async () => {
  const clock = createManualClock()
  const breaker = createBreaker(clock)
  const busy = new LocketError('rate_limited', 'x at http://x asks for fewer requests (status 429)')
  breaker.hold(busy, 300_000)
  breaker.succeeded()
  breaker.failed(DOWN)
  const message = 'x at http://x asks for fewer requests (status 429); not asked for another 5m'
  assert.throws(() => breaker.check(), { code: 'rate_limited', message, retryAfterMs: 300_000 })
  await clock.advance(300_000)
  breaker.check()
  assert.throws(() => breaker.check(), { code: 'rate_limited', retryAfterMs: 2000 })
  breaker.hold(busy, 120_000)
  assert.throws(() => breaker.check(), { retryAfterMs: 120_000 })
  await clock.advance(120_000)
  breaker.check()
  breaker.succeeded()
  breaker.check()
  breaker.check()
})
