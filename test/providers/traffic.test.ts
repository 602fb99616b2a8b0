import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LocketError } from '../../src/core/vocabulary/errors.ts'
import { parseRates } from '../../src/core/waiting/rate.ts'
import { retryAfterOf, statusError } from '../../src/providers/lib/http/http-errors.ts'
import { createTraffic } from '../../src/providers/lib/http/traffic.ts'
import { createManualClock } from '../fakes/manual-clock.ts'

const forever = () => new AbortController().signal
const DOWN = new LocketError('unavailable', 'x at http://x is failing (status 503)')

test('what an open breaker refuses neither waits for the rate nor uses it up', async () => {
  const clock = createManualClock()
  const traffic = createTraffic({ provider: 'x', maxConcurrent: 2, rates: parseRates('10/m'), clock })
  const ask = (answer: () => Promise<string>) => traffic.run(answer, forever())
  for (let failures = 0; failures < 6; failures += 1) {
    await assert.rejects(ask(() => Promise.reject(DOWN)))
    await clock.advance(3000)
  }
  for (let refused = 0; refused < 50; refused += 1)
    await assert.rejects(
      ask(async () => 'never'),
      { code: 'unavailable', message: /not asked for another/ },
    )
  assert.equal(clock.sleepers(), 0)
  assert.equal(traffic.status().requestsLastHour, 6)
  await clock.advance(30_000)
  assert.equal(traffic.status().paused, undefined)
  assert.equal(await ask(async () => 'back'), 'back')
})

test('what is wrong on this side says nothing of the server', async () => {
  const clock = createManualClock()
  const traffic = createTraffic({ provider: 'x', maxConcurrent: 2, rates: [], clock })
  for (let failures = 0; failures < 20; failures += 1) {
    await assert.rejects(traffic.run(() => Promise.reject(DOWN), forever()))
    await assert.rejects(traffic.run(() => Promise.reject(new LocketError('io', 'no file')), forever()))
    await clock.advance(1000)
  }
  assert.match(traffic.status().paused ?? '', /not asked for another/)
})

test('a Retry-After of years holds for 5 minutes, and then one request goes first', async () => {
  const clock = createManualClock()
  const traffic = createTraffic({ provider: 'x', maxConcurrent: 9, rates: [], clock })
  const retryAfterMs = retryAfterOf('99999999', clock.now())
  assert.equal(retryAfterMs, 300_000)
  const busy = statusError('x at http://x', 429, retryAfterMs)
  await assert.rejects(traffic.run(() => Promise.reject(busy), forever()))
  await clock.advance(299_999)
  await assert.rejects(
    traffic.run(async () => 'never', forever()),
    { code: 'rate_limited' },
  )
  await clock.advance(1)
  const probe = Promise.withResolvers<string>()
  const first = traffic.run(() => probe.promise, forever())
  await clock.advance(0)
  await assert.rejects(
    traffic.run(async () => 'never', forever()),
    { code: 'rate_limited' },
  )
  probe.resolve('over')
  assert.equal(await first, 'over')
  assert.equal(await traffic.run(async () => 'open', forever()), 'open')
})

test('the status has the requests, the rest of each limit, and the failures in a row', async () => {
  const clock = createManualClock()
  const traffic = createTraffic({ provider: 'x', maxConcurrent: 9, rates: parseRates('3/s,10/m'), clock })
  const leftOf = () => traffic.status().limits.map(({ limit, left }) => `${left} of ${limit}`)
  assert.deepEqual(leftOf(), ['3 of 3/s', '10 of 10/m'])
  for (let asked = 0; asked < 2; asked += 1) await traffic.run(async () => 'yes', forever())
  await assert.rejects(traffic.run(() => Promise.reject(DOWN), forever()))
  traffic.charge(2)
  assert.deepEqual(leftOf(), ['0 of 3/s', '5 of 10/m'])
  assert.deepEqual([traffic.status().requests, traffic.status().failures], [5, 1])
  await clock.advance(2000)
  assert.deepEqual(leftOf(), ['3 of 3/s', '5 of 10/m'])
  await traffic.run(async () => 'yes', forever())
  assert.equal(traffic.status().failures, 0)
  const asked = new LocketError('rate_limited', 'x asks for fewer', { retryAfterMs: 5000 })
  await assert.rejects(traffic.run(() => Promise.reject(asked), forever()))
  assert.deepEqual(leftOf(), ['0 of 3/s', '0 of 10/m'])
  await clock.advance(4_000_000)
  assert.deepEqual([traffic.status().requestsLastHour, traffic.status().requests], [0, 7])
})
