import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { parse } from 'yaml'
import { apply, failure } from '../../../test/support/apply-filter.ts'
import { json } from './json.ts'

test('json makes a quoted string', () => {
  const table: [string, string][] = [
    ['', '""'],
    ['plain', '"plain"'],
    ['a"b\\c', String.raw`"a\"b\\c"`],
    ['a\nb\tc\r', String.raw`"a\nb\tc\r"`],
    ['\0\u001f', String.raw`"\u0000\u001f"`],
    ['clé 🔑', '"clé 🔑"'],
    ['\u007f\u0085\u2028\u2029\ufeff', String.raw`"\u007f\u0085\u2028\u2029\ufeff"`],
    ['# not: a comment', '"# not: a comment"'],
  ]
  for (const [value, quoted] of table) assert.equal(apply(json, value), quoted)
})

test('any text is read back by JSON, YAML 1.2 and YAML 1.1', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const quoted = apply(json, text)
      assert.equal(JSON.parse(quoted), text)
      for (const version of ['1.2', '1.1'] as const)
        assert.deepEqual(parse(`key: ${quoted}\n`, { version }), { key: text })
    }),
    { seed: 20261122 },
  )
})

test('bytes that are not text are refused', () => {
  assert.equal(failure(json, Uint8Array.of(0x41, 0xff)), 'the value is not UTF-8 text')
})
