import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { sameOptions } from './record.ts'

test('options are the same when names and values are, in any order', () => {
  const options = fc.dictionary(fc.constantFrom('a', 'b', 'toString', '__proto__'), fc.constantFrom('', 'x'))
  fc.assert(
    fc.property(options, options, (a, b) => {
      const entries = (of: Readonly<Record<string, string>>) =>
        JSON.stringify(Object.entries(of).toSorted(([one], [other]) => (one < other ? -1 : 1)))
      assert.equal(sameOptions(a, b), entries(a) === entries(b))
      assert.ok(sameOptions(a, Object.fromEntries(Object.entries(a).toReversed())))
    }),
  )
})
