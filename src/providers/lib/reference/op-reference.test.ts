import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { isLocketError } from '../../../core/vocabulary/errors.ts'
import { formatOpReference, parseOpReference } from './op-reference.ts'

test('three parts are vault, item and field; four have a section before the field', () => {
  assert.deepEqual(parseOpReference('op://v/i/f'), { vault: 'v', item: 'i', field: 'f' })
  assert.deepEqual(parseOpReference('op://v/i/s/f'), { vault: 'v', item: 'i', section: 's', field: 'f' })
})

test('names keep spaces, dots and other signs, plain or percent-encoded', () => {
  const expected = { vault: 'My Vault', item: '..', section: 'a/b', field: 'ü #1: 50% + x=y?' }
  assert.deepEqual(parseOpReference('op://My Vault/../a%2Fb/ü #1: 50%25 + x=y%3F'), expected)
  assert.deepEqual(
    parseOpReference('op://My%20Vault/%2E./a%2fb/%C3%BC%20%231%3A%2050%25%20+%20x=y%3f'),
    expected,
  )
})

test('options after the question mark', () => {
  assert.equal(parseOpReference('op://v/i/f?attribute=totp')?.attribute, 'otp')
  assert.equal(parseOpReference('op://v/i/f?attribute=size')?.attribute, 'size')
  assert.equal(parseOpReference('op://v/i/f?ssh-format=openssh')?.sshFormat, 'openssh')
})

test('a message names the reference and never breaks the line', () => {
  assert.throws(() => parseOpReference('op://v/i\n/f'), { code: 'ref_syntax', message: /^op:\/\/v\/i\?\/f / })
})

test('formatting and parsing restore any parts', () => {
  const part = fc
    .string({ unit: 'binary', minLength: 1 })
    .filter((text) => text.trim() !== '' && !/\p{Cc}/u.test(text))
  const reference = fc.record(
    { vault: part, item: part, section: part, field: part },
    { noNullPrototype: true },
  )
  fc.assert(
    fc.property(reference, (parts) => {
      assert.deepEqual(parseOpReference(formatOpReference(parts)), parts)
    }),
    { seed: 1, numRuns: 300 },
  )
})

test('a reference with wrong slashes is malformed; other text is not a reference', () => {
  for (const text of ['op:/vault/item/field', 'OP:/v/i/f'])
    assert.throws(() => parseOpReference(text), /is malformed/)
  for (const text of ['op:', 'op:x', 'ops://a/b/c', ' op://']) assert.equal(parseOpReference(text), undefined)
})

test('an error has the hint how to write a special character of a name', () => {
  assert.throws(() => parseOpReference('op://vault/a'), { hint: /a \| %7C$/ })
  for (const text of ['op://v/i/what?', 'op://v/i/f?a&b', 'op://v/i/why?not'])
    assert.throws(() => parseOpReference(text), { hint: /a \? inside a name is written %3F$/ })
})

test('any text is other text, a reference, or ref_syntax', () => {
  const text = fc.oneof(
    fc.string(),
    fc.string().map((rest) => `op://${rest}`),
    fc.string().map((rest) => `op://v/i/f?${rest}`),
  )
  fc.assert(
    fc.property(text, (written) => {
      try {
        const reference = parseOpReference(written)
        assert.equal(reference === undefined, !/^op:\/\//i.test(written))
        if (reference !== undefined)
          assert.deepEqual(parseOpReference(formatOpReference(reference)), reference)
      } catch (thrown) {
        assert.ok(isLocketError(thrown) && thrown.code === 'ref_syntax')
      }
    }),
    { seed: 2, numRuns: 1000 },
  )
})
