import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { fieldNames, packFields, unpackFields, type NamedSecret } from './fields.ts'
import { Secret } from './secret.ts'

const named = (fields: Readonly<Record<string, string>>): NamedSecret[] =>
  Object.entries(fields).map(([name, value]) => [name, Secret.fromText(value)])

test('unpacking gives the fields in their order, as copies, for any name and any bytes', () => {
  const name = fc.string({ unit: 'grapheme', maxLength: 40 }).filter((text) => text.isWellFormed())
  const field = fc.tuple(name, fc.uint8Array({ maxLength: 80 }))
  const fields = fc.uniqueArray(field, { minLength: 1, maxLength: 20, selector: ([text]) => text })
  fc.assert(
    fc.property(fields, (given) => {
      const packed = packFields(given.map(([text, bytes]) => [text, new Secret(bytes.slice())]))
      const read = unpackFields(packed)
      packed.wipe()
      assert.deepEqual(
        read.map(([text, value]) => [text, [...value.reveal()]]),
        given.map(([text, bytes]) => [text, [...bytes]]),
      )
    }),
  )
})

test('packing wipes the values that it was given, also when it refuses them', () => {
  const good = named({ a: 'one', b: 'two' })
  assert.deepEqual(fieldNames(packFields(good)), ['a', 'b'])
  const twice = [...named({ a: 'one' }), ...named({ a: 'two' })]
  assert.throws(() => packFields(twice), { code: 'ambiguous', message: /more than one field is named "a"/ })
  for (const [, value] of [...good, ...twice]) assert.equal(value.byteLength, 0)
})

test('no field, too many, too much, and a name that is not text are refused', () => {
  const many = Array.from({ length: 1001 }, (_, index) => [`f${index}`, ''] as const)
  assert.throws(() => packFields([]), { code: 'not_found' })
  assert.throws(() => packFields(named(Object.fromEntries(many))), {
    code: 'too_large',
    message: /there are 1001 fields, and at most 1000 can be read/,
  })
  assert.equal(fieldNames(packFields(named(Object.fromEntries(many.slice(1))))).length, 1000)
  assert.throws(() => packFields([['a', new Secret(new Uint8Array(64 * 1024 * 1024))]]), {
    code: 'too_large',
  })
  assert.throws(() => packFields(named({ '\ud800': '' })), { code: 'provider_protocol' })
})
