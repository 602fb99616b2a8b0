import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { openRenewal, type RenewalRules } from '../../src/app/renewal/renewal.ts'
import { LocketError } from '../../src/core/vocabulary/errors.ts'
import { createManualClock } from '../fakes/manual-clock.ts'
import { passTime } from './world.ts'

const DOWN = new LocketError('unavailable', 'memory is down')
const REFUSED = new LocketError('auth', 'memory does not know us')

/** A renewal whose trigger is fired by hand and whose work ends by hand. */
async function renewing(t: TestContext, rules: Partial<RenewalRules> = {}, missing?: LocketError) {
  const clock = createManualClock()
  const said: string[] = []
  const stop = new AbortController()
  const failures: string[] = []
  let fire = (): void => undefined
  let isDisposed = false
  let runs = 0
  let work = async (): Promise<LocketError | undefined> => undefined
  const renewal = await openRenewal(
    {
      triggers: [
        async (fires) => {
          fire = fires
          return { [Symbol.asyncDispose]: async () => void (isDisposed = true) }
        },
      ],
      failed: ({ code, error }) => void said.push(`${code}: ${error}`),
      recovered: () => void said.push('recovered'),
      onFailure: (error) => void failures.push(error.message),
      ...rules,
    },
    clock,
  )
  t.after(() => renewal[Symbol.asyncDispose]())
  const renew = async () => {
    runs += 1
    return work()
  }
  const ended = renewal.follow(renew, { signal: stop.signal, missing })
  return {
    clock,
    failures,
    fire: () => fire(),
    runs: () => runs,
    isDisposed: () => isDisposed,
    does: (next: typeof work) => void (work = next),
    fails: (error: LocketError) => {
      work = async () => {
        throw error
      }
    },
    said,
    pass: (ms: number) => passTime(clock, ms),
    stop: async () => {
      stop.abort()
      await ended
      await renewal[Symbol.asyncDispose]()
    },
  }
}

test('a trigger causes one run; those that fire during a run cause one more', async (t) => {
  const { fire, runs, does, pass, stop } = await renewing(t)
  await pass(100)
  assert.equal(runs(), 0)
  const { promise, resolve } = Promise.withResolvers<undefined>()
  does(() => promise)
  fire()
  fire()
  await pass(100)
  assert.equal(runs(), 1)
  for (let n = 0; n < 5; n += 1) fire()
  await pass(100)
  assert.equal(runs(), 1)
  resolve(undefined)
  await pass(100)
  assert.equal(runs(), 2)
  await pass(200_000)
  assert.equal(runs(), 2)
  await stop()
})

test('a failure is tried again without a trigger: within 5 s, then twice as late, up to 60 s', async (t) => {
  const { fire, runs, fails, pass, stop } = await renewing(t)
  fails(DOWN)
  fire()
  await pass(100)
  const counts: number[] = []
  for (const ms of [5000, 10_000, 20_000, 40_000, 60_000, 60_000]) {
    await pass(ms)
    counts.push(runs())
  }
  assert.deepEqual(counts.slice(0, 2), [2, 3])
  for (const [at, count] of counts.entries()) assert.ok(count >= at + 2 && count <= at + 4, counts.join(' '))
  await stop()
})

test('the provider sets the least pause; a failure that waiting cannot mend has the longest', async (t) => {
  const { fire, runs, fails, pass, stop } = await renewing(t)
  fails(new LocketError('rate_limited', 'too many', { retryAfterMs: 90_000 }))
  fire()
  await pass(89_000)
  assert.equal(runs(), 1)
  await pass(2000)
  assert.equal(runs(), 2)
  fails(REFUSED)
  fire()
  await pass(44_000)
  assert.equal(runs(), 3)
  await pass(16_500)
  assert.equal(runs(), 4)
  await stop()
})

test('a failure is reported when it begins and when its reason changes, and so is its end', async (t) => {
  const { fire, fails, does, pass, said, failures, stop } = await renewing(t)
  fails(DOWN)
  fire()
  await pass(60_000)
  assert.deepEqual(said, ['unavailable: memory is down'])
  assert.ok(failures.length > 3)
  fails(REFUSED)
  await pass(120_000)
  does(async () => undefined)
  await pass(60_500)
  assert.deepEqual(said, ['unavailable: memory is down', 'auth: memory does not know us', 'recovered'])
  fails(DOWN)
  fire()
  await pass(100)
  assert.equal(said.length, 4)
  await stop()
})

test('after a success the pauses begin with the first one', async (t) => {
  const { fire, runs, fails, does, pass, stop } = await renewing(t)
  fails(DOWN)
  fire()
  await pass(100_000)
  does(async () => undefined)
  await pass(60_500)
  const before = runs()
  fails(DOWN)
  fire()
  await pass(5100)
  assert.equal(runs(), before + 2)
  await stop()
})

test('a delivery that lacks something is tried again and is not a failure', async (t) => {
  const { runs, does, pass, said, stop } = await renewing(t, {}, DOWN)
  does(async () => DOWN)
  await pass(5100)
  assert.equal(runs(), 1)
  does(async () => undefined)
  await pass(10_100)
  assert.equal(runs(), 2)
  await pass(120_000)
  assert.equal(runs(), 2)
  assert.deepEqual(said, [])
  await stop()
})

test('an abort ends the loop and the pause; a failure on the way out is not reported', async (t) => {
  const { fire, does, pass, said, clock, isDisposed, stop } = await renewing(t)
  const { promise, reject } = Promise.withResolvers<undefined>()
  does(() => promise)
  fire()
  await pass(100)
  const ended = stop()
  reject(DOWN)
  await ended
  assert.deepEqual(said, [])
  assert.equal(clock.sleepers(), 0)
  assert.equal(isDisposed(), true)
})

test('a trigger that fires before the loop is not missed; one that cannot open closes the rest', async () => {
  const clock = createManualClock()
  const rules = { failed: () => undefined, recovered: () => undefined }
  let fire = (): void => undefined
  let disposed = 0
  const opens = async (fires: () => void) => {
    fire = fires
    return { [Symbol.asyncDispose]: async () => void (disposed += 1) }
  }
  const renewal = await openRenewal({ ...rules, triggers: [opens] }, clock)
  fire()
  const stop = new AbortController()
  let runs = 0
  const ended = renewal.follow(async () => void (runs += 1), { signal: stop.signal })
  await passTime(clock, 100)
  assert.equal(runs, 1)
  stop.abort()
  await ended
  await renewal[Symbol.asyncDispose]()
  const refuses = () => Promise.reject(new Error('no watch'))
  await assert.rejects(openRenewal({ ...rules, triggers: [opens, refuses] }, clock), /no watch/)
  assert.equal(disposed, 2)
})
