import assert from 'node:assert/strict'
import { test } from 'node:test'
import { unpackFields } from '../../../src/core/vocabulary/fields.ts'
import type { SecretRef } from '../../../src/core/vocabulary/ref.ts'
import { CANARY, codesOf, fetched, open, parsed, textsOf, type Opened } from './provider-attempt.ts'
import type { ProviderSubject } from './provider-backend.ts'

/** The names and values of a `*` reference, as text. */
export async function fieldsOf(opened: Opened, ref: SecretRef): Promise<Record<string, string>> {
  const outcome = (await fetched(opened, [ref])).get(ref.id)
  assert.ok(outcome?.ok === true, outcome?.ok === false ? outcome.error.message : 'no outcome')
  const fields = unpackFields(outcome.secret.value)
  return Object.fromEntries(fields.map(([name, value]) => [name, new TextDecoder().decode(value.reveal())]))
}

/** A kind reads all fields of an item by one reference, or refuses such a reference by name. */
export function allFields(subject: ProviderSubject): void {
  const { noAll } = subject
  test('* gives all fields of one item, where the kind does not refuse it', async (t) => {
    const backend = await subject.start(t)
    assert.notEqual(backend.putAll === undefined, noAll === undefined, 'either putAll or noAll')
    if (noAll !== undefined) return
    const values = { first: `${CANARY}-1`, 'Second-name': `${CANARY}-2`, third: `${CANARY}-3` }
    const text = (await backend.putAll?.(values)) ?? assert.fail()
    const ref = parsed(subject, text)
    assert.equal(ref.isAll, true)
    assert.equal(ref.text, text)
    await using opened = await open(subject, backend)
    assert.deepEqual(await fieldsOf(opened, ref), values)
  })

  if (noAll !== undefined) return

  test('* takes no more requests than one field, and shares its answer with the fields', async (t) => {
    const backend = await subject.start(t)
    const text = (await backend.putAll?.({ a: `${CANARY}-a`, b: `${CANARY}-b` })) ?? assert.fail()
    const [all, one] = [parsed(subject, text), parsed(subject, text.replace('*', 'a'))]
    assert.equal(one.isAll, undefined)
    assert.notEqual(all.id, one.id)
    const requestsFor = async (refs: readonly SecretRef[]): Promise<number> => {
      await using opened = await open(subject, backend)
      const before = backend.knobs.gauge?.().requests ?? 0
      const outcomes = await fetched(opened, refs)
      assert.ok([...outcomes.values()].every(({ ok }) => ok))
      return (backend.knobs.gauge?.().requests ?? 0) - before
    }
    const needed = await requestsFor([one])
    assert.equal(await requestsFor([all]), needed)
    assert.equal(await requestsFor([all, one]), needed)
  })

  test('* of nothing is not_found, and of more than 1000 fields too_large', async (t) => {
    const backend = await subject.start(t)
    const many = Object.fromEntries(Array.from({ length: 1001 }, (_, index) => [`F${index}`, `${CANARY}-f`]))
    const text = (await backend.putAll?.(many)) ?? assert.fail()
    await using opened = await open(subject, backend)
    assert.deepEqual(await codesOf(opened, [parsed(subject, text)]), ['too_large'])
    assert.deepEqual(await textsOf(opened, [parsed(subject, text.replace('*', 'F7'))]), [`${CANARY}-f`])
    const bare = await subject.start(t)
    const none = (await bare.putAll?.({})) ?? assert.fail()
    await using empty = await open(subject, bare)
    assert.deepEqual(await codesOf(empty, [parsed(subject, none)]), ['not_found'])
  })
}
