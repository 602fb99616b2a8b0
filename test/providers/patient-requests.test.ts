import assert from 'node:assert/strict'
import { test } from 'node:test'
import { array, assert as holds, asyncProperty, integer, record } from 'fast-check'
import { withValueCache } from '../../src/app/access/value-cache.ts'
import { LocketError } from '../../src/core/vocabulary/errors.ts'
import type { Resolve } from '../../src/core/vocabulary/resolve.ts'
import { Secret } from '../../src/core/vocabulary/secret.ts'
import { bePatient, hurry, isPatient } from '../../src/core/waiting/patience.ts'
import { parseRates } from '../../src/core/waiting/rate.ts'
import { createTraffic } from '../../src/providers/lib/http/traffic.ts'
import { createManualClock } from '../fakes/manual-clock.ts'
import { memoryRef } from '../fakes/memory-provider.ts'

const urgent = () => new AbortController().signal
const patient = () => bePatient(urgent())

interface Options {
  readonly rates?: string
  readonly maxConcurrent?: number
  /** Milliseconds of one request. */
  readonly tookMs?: number
}

function setup({ rates = '10/m', maxConcurrent = 4, tookMs = 0 }: Options = {}) {
  const clock = createManualClock()
  const traffic = createTraffic({ provider: 'x', maxConcurrent, rates: parseRates(rates), clock })
  const went: { readonly at: number; readonly name: string }[] = []
  const ask = (name: string, signal: AbortSignal) =>
    traffic.run(async (turn) => {
      went.push({ at: clock.elapsed(), name })
      await clock.sleep(tookMs, turn)
      return name
    }, signal)
  return { clock, traffic, ask, went, names: () => went.map(({ name }) => name) }
}

/** Returns the waits of the urgent requests of a run, and the times of all requests. */
async function run(
  arrivals: readonly { readonly waitMs: number; readonly count: number }[],
  patients: number,
) {
  const { clock, ask, went } = setup({ rates: '3/s,20/m', tookMs: 50 })
  const waits: number[] = []
  for (let index = 0; index < patients; index += 1) void ask('patient', patient())
  for (const { waitMs, count } of arrivals) {
    await clock.advance(waitMs)
    const since = clock.elapsed()
    for (let index = 0; index < count; index += 1) {
      const place = waits.push(Number.POSITIVE_INFINITY) - 1
      void ask(`urgent ${place}`, urgent()).then(
        () => (waits[place] = (went.find(({ name }) => name === `urgent ${place}`)?.at ?? 0) - since),
        () => undefined,
      )
    }
  }
  await clock.advance(3_600_000)
  return { waits, went, sleepers: clock.sleepers() }
}

test('requests that fit into half of each rate wait no longer with patient ones than without', async () => {
  // At most one in a second and six in a minute.
  const arrivals = array(
    record({ waitMs: integer({ min: 10_500, max: 40_000 }), count: integer({ min: 1, max: 1 }) }),
    {
      minLength: 1,
      maxLength: 20,
    },
  )
  await holds(
    asyncProperty(arrivals, integer({ min: 1, max: 150 }), async (times, patients) => {
      const [alone, together] = [await run(times, 0), await run(times, patients)]
      assert.deepEqual(together.waits, alone.waits)
      assert.equal(together.went.length, times.length + patients, 'a patient request has not had its turn')
      assert.equal(together.sleepers, 0)
      for (const { at } of together.went) {
        const within = (ms: number) =>
          together.went.filter((other) => other.at >= at && other.at < at + ms).length
        assert.ok(within(1000) <= 3 && within(60_000) <= 20)
      }
    }),
    { numRuns: 20 },
  )
})

test('urgent requests go before patient ones that came earlier', async () => {
  const { clock, ask, names } = setup({ rates: '2/s' })
  const all = [
    ask('p1', patient()),
    ask('p2', patient()),
    ask('u1', urgent()),
    ask('u2', urgent()),
    ask('p3', patient()),
  ]
  await clock.advance(600_000)
  await Promise.all(all)
  assert.deepEqual(names(), ['p1', 'u1', 'u2', 'p2', 'p3'])
  assert.equal(clock.sleepers(), 0)
})

test('patient requests take half of the places, and one that ends makes room for the next', async () => {
  const { clock, traffic, ask, names } = setup({ rates: 'none', maxConcurrent: 4, tookMs: 1000 })
  const all = ['p1', 'p2', 'p3'].map((name) => ask(name, patient()))
  await clock.advance(10)
  assert.deepEqual([names(), traffic.status().waiting], [['p1', 'p2'], 1])
  all.push(ask('u1', urgent()), ask('u2', urgent()), ask('u3', urgent()))
  await clock.advance(10)
  assert.deepEqual(names(), ['p1', 'p2', 'u1', 'u2'])
  await clock.advance(1000)
  await clock.advance(1000)
  await Promise.all(all)
  assert.deepEqual(names(), ['p1', 'p2', 'u1', 'u2', 'u3', 'p3'])
  assert.equal(traffic.status().waiting, undefined)
  assert.equal(clock.sleepers(), 0)
})

test('a patient request waits for hours, and its own time begins when it goes', async () => {
  const { clock, traffic, ask } = setup({ rates: '2/h' })
  await ask('p1', patient())
  const hangs = traffic.run((turn) => clock.sleep(600_000, turn), patient())
  const failed = assert.rejects(hangs, { name: 'TimeoutError' })
  await clock.advance(3_590_000)
  await clock.advance(10_200 + 25_000)
  await failed
  assert.equal(clock.sleepers(), 0)
})

test('a patient request that leaves the queue leaves no timer, and the next one has its turn', async () => {
  const { clock, ask, names } = setup({ rates: '2/m' })
  await ask('p1', patient())
  const gone = new AbortController()
  const left = ask('p2', bePatient(gone.signal))
  const next = ask('p3', patient())
  gone.abort(new LocketError('aborted', 'gone'))
  await assert.rejects(left, { code: 'aborted' })
  await clock.advance(60_200)
  await next
  assert.deepEqual(names(), ['p1', 'p3'])
  const alone = new AbortController()
  const last = ask('p4', bePatient(alone.signal))
  alone.abort(new LocketError('aborted', 'gone'))
  await assert.rejects(last, { code: 'aborted' })
  assert.equal(clock.sleepers(), 0)
})

test('patient requests that wait for a failing server end with its failure', async () => {
  const { clock, traffic, ask, names } = setup({ rates: 'none', maxConcurrent: 2 })
  const down = new LocketError('unavailable', 'x is failing')
  const fail = async (afterMs: number) => {
    await clock.sleep(afterMs)
    throw down
  }
  const slow = assert.rejects(
    traffic.run(() => fail(20_000), patient()),
    { code: 'unavailable' },
  )
  const last = assert.rejects(ask('p2', patient()), { code: 'unavailable', message: /not asked for another/ })
  for (let failures = 0; failures < 6; failures += 1) {
    await assert.rejects(traffic.run(() => fail(0), urgent()))
    await clock.advance(3000)
  }
  await clock.advance(3000)
  await Promise.all([slow, last])
  assert.deepEqual([names(), clock.sleepers()], [[], 0])
})

test('a patient request that hurries goes the way of all others', async () => {
  const { clock, ask, names } = setup({ rates: '2/m' })
  await ask('p1', patient())
  const signal = patient()
  const [p2, p3] = [ask('p2', patient()), ask('p3', signal)]
  hurry(signal)
  await p3
  assert.deepEqual(names(), ['p1', 'p3'])
  await clock.advance(120_400)
  await p2
})

test('a caller in a hurry does not join the batch of a patient one', async () => {
  const clock = createManualClock()
  const batches: boolean[] = []
  const answer = Promise.withResolvers<void>()
  const next: Resolve = async (refs, signal) => {
    batches.push(isPatient(signal))
    if (isPatient(signal)) await answer.promise
    return new Map(refs.map((ref) => [ref.id, { ok: true, secret: { value: Secret.fromText('v') } }]))
  }
  const cache = withValueCache(next, { ttlMs: 0, clock })
  const [a, b] = [memoryRef('a'), memoryRef('b')]
  const [first, second] = [cache.resolve([a, b], patient()), cache.resolve([b], patient())]
  assert.equal((await cache.resolve([a], urgent())).size, 1)
  assert.deepEqual(batches, [true, false])
  answer.resolve()
  assert.deepEqual([(await first).size, (await second).size], [2, 1])
})

test('a rate for patient requests alone does not hold others', async () => {
  const clock = createManualClock()
  const patientRates = parseRates('4/d')
  const traffic = createTraffic({ provider: 'x', maxConcurrent: 4, rates: [], patientRates, clock })
  const ask = (signal: AbortSignal) => traffic.run(async () => undefined, signal)
  await Promise.all([ask(patient()), ask(patient())])
  let isThere = false
  const third = ask(patient()).then(() => (isThere = true))
  for (let count = 0; count < 100; count += 1) await ask(urgent())
  await clock.advance(86_400_000)
  assert.equal(isThere, false)
  await clock.advance(200)
  await third
})
