import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { apply } from '../../../test/support/apply-filter.ts'
import { urlencode } from './urlencode.ts'

test('urlencode leaves letters, digits and - . _ ~', () => {
  const table: [string, string][] = [
    ['', ''],
    ['AZaz09-._~', 'AZaz09-._~'],
    ['p@ss:w/rd?#[]', 'p%40ss%3Aw%2Frd%3F%23%5B%5D'],
    ["!'()*", '%21%27%28%29%2A'],
    ['a b+c', 'a%20b%2Bc'],
    ['clé🔑', 'cl%C3%A9%F0%9F%94%91'],
    ['%00', '%2500'],
  ]
  for (const [value, encoded] of table) assert.equal(apply(urlencode, value), encoded)
  assert.equal(apply(urlencode, Uint8Array.of(0, 0xff)), '%00%FF')
})

test('any text in the password of a URL is read back', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      assert.equal(decodeURIComponent(new URL(`db://user:${apply(urlencode, text)}@host/`).password), text)
    }),
    { seed: 20261122 },
  )
})
