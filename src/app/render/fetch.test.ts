import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatError, LocketError } from '../../core/vocabulary/errors.ts'
import { createRef } from '../../core/vocabulary/ref.ts'
import { createManualClock } from '../../../test/fakes/manual-clock.ts'
import type { Resolve } from '../../core/vocabulary/resolve.ts'
import { Secret } from '../../core/vocabulary/secret.ts'
import { failuresOf, fetchUntil } from './fetch.ts'

function said(
  ...failures: readonly (readonly [provider: string, text: string, error: LocketError])[]
): string {
  const failed = failures.map(([provider, text, error]) => ({ ref: createRef(provider, text, text), error }))
  const error = failuresOf(failed)
  return error === undefined ? '' : formatError(error)
}

const DOWN = new LocketError('unavailable', 'op-connect at http://c refused the connection', {
  hint: 'is it running?',
  names: ['provider'],
})
const NO_FIELD = new LocketError('not_found', 'the item has no field or file "f"')
const SLOW = new LocketError('timeout', 'no answer within 25000 ms')

test('the provider is named once: by its own words, by the scheme, or else by us', () => {
  assert.equal(
    said(['op-connect', 'op://v/i/f', DOWN]),
    'op://v/i/f: op-connect at http://c refused the connection (is it running?)',
  )
  assert.equal(
    said(['op-connect', 'op://v/i/f', NO_FIELD]),
    'op://v/i/f (op-connect): the item has no field or file "f"',
  )
  assert.equal(said(['local', 'local://a', SLOW]), 'local://a: no answer within 25000 ms')
  assert.equal(said(['second', 'second+op://v/i/f', SLOW]), 'second+op://v/i/f: no answer within 25000 ms')
})

test('a reference that the message names is not repeated', () => {
  const missing = new LocketError('not_found', 'there is no local://a in /x', { names: ['references'] })
  assert.equal(said(['local', 'local://a', missing]), 'there is no local://a in /x')
})

test('every reference is named, those of one cause together', () => {
  assert.equal(
    said(
      ['op-connect', 'op://v/i/a', DOWN],
      ['op-connect', 'op://v/i/f', NO_FIELD],
      ['op-connect', 'op://v/i/b', DOWN],
    ),
    'op://v/i/a and op://v/i/b: op-connect at http://c refused the connection (is it running?); ' +
      'op://v/i/f (op-connect): the item has no field or file "f"',
  )
  assert.equal(said(), '')
})

test('a retryable failure is asked again every two seconds, or when the provider says', async () => {
  const clock = createManualClock(0)
  const asked: number[] = []
  const errors = [DOWN, DOWN, new LocketError('unavailable', 'paused', { retryAfterMs: 7000 }), DOWN]
  const resolve: Resolve = async (refs) => {
    const error = errors[asked.length]
    asked.push(clock.now())
    return new Map(
      refs.map((ref) => [
        ref.id,
        error === undefined ? { ok: true, secret: { value: Secret.fromText('x') } } : { ok: false, error },
      ]),
    )
  }
  const { signal } = new AbortController()
  const fetched = fetchUntil([createRef('x', 'a', 'x://a')], resolve, {
    optional: new Set(),
    clock,
    signal,
    awaitsCredential: () => true,
  })
  await clock.advance(20_000)
  assert.equal([...(await fetched).values()][0]?.ok, true)
  assert.deepEqual(asked, [0, 2000, 4000, 11_000, 13_000])
})

test('a credential file that is not there is waited for if it may still come, and else not', async () => {
  const clock = createManualClock(0)
  let asked = 0
  const missing = new LocketError('credential_missing', 'there is no such file')
  const resolve: Resolve = async (refs) => {
    asked += 1
    return new Map(refs.map((ref) => [ref.id, { ok: false, error: missing }]))
  }
  const refs = [createRef('x', 'a', 'x://a')]
  const late = new AbortController()
  const options = { optional: new Set<never>(), clock, signal: late.signal }
  await fetchUntil(refs, resolve, { ...options, awaitsCredential: (error) => error !== missing })
  assert.equal(asked, 1)
  const waiting = fetchUntil(refs, resolve, { ...options, awaitsCredential: () => true })
  await clock.advance(5000)
  late.abort()
  await waiting
  assert.equal(asked, 1 + 3)
})
