import assert from 'node:assert/strict'
import { test } from 'node:test'
import { apply } from '../../../test/support/apply-filter.ts'
import { defaultFilter } from './default.ts'
import { argumentProblem } from './define.ts'

test('default leaves a value that exists as it is, even an empty one', () => {
  for (const value of ['', 'CANARY', ' '])
    assert.equal(apply(defaultFilter, value, { args: ['other'] }), value)
})

test('default takes one text, which can be empty', () => {
  assert.equal(argumentProblem(defaultFilter, ['']), undefined)
  assert.equal(argumentProblem(defaultFilter, []), 'filter default takes one argument, not 0')
  assert.equal(argumentProblem(defaultFilter, ['a', 'b']), 'filter default takes one argument, not 2')
})
