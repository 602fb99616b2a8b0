import assert from 'node:assert/strict'
import { test } from 'node:test'
import { array, assert as holds, asyncProperty, constantFrom, integer, record, uniqueArray } from 'fast-check'
import { createManualClock } from '../../../test/fakes/manual-clock.ts'
import { createMemoryProvider, memoryRef } from '../../../test/fakes/memory-provider.ts'
import { LocketError } from '../../core/vocabulary/errors.ts'
import { withValueCache } from './value-cache.ts'
import { refVia } from '../../core/vocabulary/ref.ts'
import type { Outcomes, Resolve } from '../../core/vocabulary/resolve.ts'
import { Secret } from '../../core/vocabulary/secret.ts'

const forever = () => new AbortController().signal
const [A, B, C] = [memoryRef('a'), memoryRef('b'), memoryRef('c')]

function textsOf(outcomes: Outcomes): string[] {
  return [...outcomes.values()].map((outcome) =>
    outcome.ok ? Buffer.from(outcome.secret.value.reveal()).toString() : outcome.error.code,
  )
}

function setup(lingerMs = 5000) {
  const clock = createManualClock()
  const provider = createMemoryProvider({ a: 'value-a', b: 'value-b', c: 'value-c' })
  const given: Secret[] = []
  const resolve: Resolve = async (refs, signal) => {
    const outcomes = await provider.fetch(refs, signal)
    for (const outcome of outcomes.values()) if (outcome.ok) given.push(outcome.secret.value)
    return outcomes
  }
  return { clock, provider, given, lingering: withValueCache(resolve, { ttlMs: lingerMs, clock }) }
}

test('callers at the same time ask once for what they share, and each gets a value of its own', async () => {
  const { provider, lingering } = setup(0)
  const [one, two] = await Promise.all([
    lingering.resolve([A, B], forever()),
    lingering.resolve([B, C], forever()),
  ])
  assert.deepEqual(provider.batches, [['a', 'b'], ['c']])
  assert.deepEqual(
    [textsOf(one).toSorted(), textsOf(two).toSorted()],
    [
      ['value-a', 'value-b'],
      ['value-b', 'value-c'],
    ],
  )
  const outcome = one.get(B.id)
  if (outcome?.ok === true) outcome.secret.value.wipe()
  assert.ok(textsOf(two).includes('value-b'))
})

test('a value is usable for its time and then overwritten', async () => {
  const { clock, provider, given, lingering } = setup()
  await lingering.resolve([A], forever())
  await clock.advance(4999)
  assert.deepEqual(textsOf(await lingering.resolve([A], forever())), ['value-a'])
  assert.equal(provider.batches.length, 1)
  await clock.advance(2)
  assert.equal(given[0]?.byteLength, 0)
  provider.put('a', 'rotated')
  assert.deepEqual(textsOf(await lingering.resolve([A], forever())), ['rotated'])
})

test('without linger, and for what is fleeting, nothing is kept', async () => {
  for (const isFleeting of [true, false]) {
    const given: Secret[] = []
    const next: Resolve = async (refs) => {
      const value = Secret.fromText('123456')
      given.push(value)
      return new Map(
        refs.map((ref) => [ref.id, { ok: true, secret: { value, ...(isFleeting ? { isFleeting } : {}) } }]),
      )
    }
    const clock = createManualClock()
    const lingering = withValueCache(next, { ttlMs: isFleeting ? 5000 : 0, clock })
    const answers = await Promise.all([lingering.resolve([A], forever()), lingering.resolve([A], forever())])
    assert.deepEqual(answers.map(textsOf), [['123456'], ['123456']])
    await clock.advance(0)
    assert.equal(given[0]?.byteLength, 0)
    await lingering.resolve([A], forever())
    assert.equal(given.length, 2)
  }
})

test('the answer to a question that another broker has sent on is not kept', async () => {
  const { provider, given, lingering } = setup()
  // The machine that asks chooses these names, so each question can have others.
  for (let at = 0; at < 20; at += 1)
    assert.deepEqual(textsOf(await lingering.resolve([refVia(A, [`vault_${at}`, 'own'])], forever())), [
      'value-a',
    ])
  assert.deepEqual(new Set(given.map(({ byteLength }) => byteLength)), new Set([0]))
  for (let at = 0; at < 20; at += 1) await lingering.resolve([refVia(A, ['own'])], forever())
  assert.equal(provider.batches.length, 21, 'a question that began here')
})

test('a failure is not kept', async () => {
  const { provider, lingering } = setup()
  provider.fail(new LocketError('unavailable', 'down'))
  assert.deepEqual(textsOf(await lingering.resolve([A], forever())), ['unavailable'])
  provider.fail(undefined)
  assert.deepEqual(textsOf(await lingering.resolve([A], forever())), ['value-a'])
})

test('who gives up leaves the others their answer; the last one ends the request', async () => {
  const { promise, resolve: answer } = Promise.withResolvers<void>()
  let shared: AbortSignal | undefined
  const next: Resolve = async (refs, signal) => {
    shared = signal
    await promise
    return new Map(refs.map((ref) => [ref.id, { ok: true, secret: { value: Secret.fromText('late') } }]))
  }
  const lingering = withValueCache(next, { ttlMs: 5000, clock: createManualClock() })
  const impatient = new AbortController()
  const left = lingering.resolve([A], impatient.signal)
  const stayed = lingering.resolve([A], forever())
  impatient.abort(new LocketError('timeout', 'no answer within 10 ms'))
  assert.deepEqual(textsOf(await left), ['timeout'])
  assert.equal(shared?.aborted, false)
  answer()
  assert.deepEqual(textsOf(await stayed), ['late'])
})

test('a request that was given up is not joined by anybody', async () => {
  const { provider, lingering } = setup()
  provider.hang(true)
  const [one, two] = [new AbortController(), new AbortController()]
  const both = lingering.resolve([A, B], one.signal)
  const part = lingering.resolve([B], two.signal)
  one.abort(new LocketError('aborted', 'gone'))
  two.abort(new LocketError('aborted', 'gone'))
  assert.deepEqual([textsOf(await both), textsOf(await part)], [['aborted', 'aborted'], ['aborted']])
  provider.hang(false)
  assert.deepEqual(textsOf(await lingering.resolve([A, B], forever())), ['value-a', 'value-b'])
})

test('dispose overwrites what is kept', async () => {
  const { clock, given, lingering } = setup()
  await lingering.resolve([A, B], forever())
  lingering[Symbol.dispose]()
  await clock.advance(0)
  assert.deepEqual(
    given.map((value) => value.byteLength),
    [0, 0],
  )
  assert.equal(clock.sleepers(), 0)
})

test('each caller gets exactly its own references, and no flight or timer is left', async () => {
  const keys = uniqueArray(constantFrom('a', 'b', 'c', 'missing'), { minLength: 1 })
  const caller = record({ keys, wait: integer({ min: 0, max: 9000 }) })
  await holds(
    asyncProperty(array(caller, { maxLength: 12 }), async (callers) => {
      const { clock, given, lingering } = setup()
      for (const { keys: wanted, wait } of callers) {
        const refs = wanted.map((key) => memoryRef(key))
        const outcomes = await lingering.resolve(refs, forever())
        assert.deepEqual(new Set(outcomes.keys()), new Set(refs.map((ref) => ref.id)))
        for (const ref of refs) {
          const outcome = outcomes.get(ref.id)
          const text =
            outcome?.ok === true ? Buffer.from(outcome.secret.value.reveal()).toString() : undefined
          assert.equal(text, ref.key === 'missing' ? undefined : `value-${ref.key}`)
        }
        await clock.advance(wait)
      }
      await clock.advance(5001)
      assert.ok(given.every((value) => value.byteLength === 0))
    }),
  )
})

test('version and expiry come with a kept value, which is not kept beyond its expiry', async () => {
  const clock = createManualClock()
  let asked = 0
  const expiresAt = clock.now() + 2000
  const cache = withValueCache(
    async ([ref]) => {
      asked += 1
      const secret = { value: Secret.fromText(`value-${asked}`), version: '7', expiresAt }
      return new Map(ref === undefined ? [] : [[ref.id, { ok: true as const, secret }]])
    },
    { ttlMs: 5000, clock },
  )
  for (let caller = 0; caller < 2; caller += 1) {
    const outcome = (await cache.resolve([A], forever())).get(A.id)
    assert.ok(outcome?.ok === true)
    assert.deepEqual([outcome.secret.version, outcome.secret.expiresAt], ['7', expiresAt])
  }
  assert.equal(asked, 1)
  await clock.advance(2000)
  assert.deepEqual(textsOf(await cache.resolve([A], forever())), ['value-2'])
  assert.deepEqual(textsOf(await cache.resolve([A], forever())), ['value-3'])
})
