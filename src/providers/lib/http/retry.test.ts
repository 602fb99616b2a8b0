import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createManualClock } from '../../../../test/fakes/manual-clock.ts'
import { LocketError, type ErrorCode } from '../../../core/vocabulary/errors.ts'
import { withRetries } from './retry.ts'

const forever = () => new AbortController().signal

/** Returns the number of tries, and the time that they took, when every attempt fails with this error. */
async function triesOf(failure: LocketError, isSent = true): Promise<{ tries: number; ms: number }> {
  const clock = createManualClock(0)
  let tries = 0
  const fails = async (sent: () => unknown): Promise<never> => {
    tries += 1
    if (isSent) sent()
    throw failure
  }
  let ms = -1
  const run = async () => {
    await assert.rejects(withRetries(fails, clock, forever()))
    ms = clock.now()
  }
  await Promise.all([run(), clock.advance(600_000)])
  return { tries, ms }
}

test('a retryable failure is tried three more times, another one is not', async () => {
  const passing: ErrorCode[] = ['unavailable', 'rate_limited']
  const final: ErrorCode[] = [
    'auth',
    'denied',
    'not_found',
    'provider_protocol',
    'timeout',
    'aborted',
    'internal',
  ]
  for (const code of passing) assert.equal((await triesOf(new LocketError(code, 'x'))).tries, 4, code)
  for (const code of final) assert.equal((await triesOf(new LocketError(code, 'x'))).tries, 1, code)
})

test('an attempt that sent no request is not retried', async () => {
  assert.equal((await triesOf(new LocketError('unavailable', 'the breaker'), false)).tries, 1)
})

test('pauses are random below a bound that doubles', async () => {
  const spent: number[] = []
  for (let run = 0; run < 40; run += 1) spent.push((await triesOf(new LocketError('unavailable', 'x'))).ms)
  assert.ok(spent.every((ms) => ms <= 250 + 500 + 1000))
  assert.ok(new Set(spent).size > 20)
})

test('a Retry-After of up to 30 s is waited for, a longer one is left to the next fetch', async () => {
  const asks = (retryAfterMs: number) => new LocketError('rate_limited', 'x', { retryAfterMs })
  const waited = await triesOf(asks(5000))
  assert.equal(waited.tries, 4)
  assert.ok(waited.ms >= 15_000)
  assert.equal((await triesOf(asks(30_001))).tries, 1)
})

test('a deadline ends a pause at once with the last failure', async () => {
  const caller = new AbortController()
  let tries = 0
  const done = withRetries(
    async (sent) => {
      sent()
      tries += 1
      throw new LocketError('unavailable', 'down')
    },
    createManualClock(),
    caller.signal,
  )
  await new Promise((turn) => setImmediate(turn))
  caller.abort(new LocketError('timeout', 'too late'))
  await assert.rejects(done, { code: 'unavailable', message: 'down' })
  assert.equal(tries, 1)
})

test('a success after failures is a success', async () => {
  const clock = createManualClock()
  let tries = 0
  const done = withRetries(
    async (sent) => {
      sent()
      tries += 1
      if (tries < 3) throw new LocketError('unavailable', 'down')
      return 'up'
    },
    clock,
    forever(),
  )
  await clock.advance(5000)
  assert.equal(await done, 'up')
})
