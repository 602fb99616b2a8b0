import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parse } from 'yaml'
import { apply } from '../../../test/support/apply-filter.ts'
import { argumentProblem, bytesOf } from './define.ts'
import { indent } from './indent.ts'

test('indent moves every line that is not empty, the first one too', () => {
  const table: [string, string, string][] = [
    ['2', 'a', '  a'],
    ['2', 'a\nb', '  a\n  b'],
    ['2', 'a\nb\n', '  a\n  b\n'],
    ['2', 'a\n\nb', '  a\n\n  b'],
    ['2', '\na', '\n  a'],
    ['2', ' a', '   a'],
    ['2', 'a\r\nb', '  a\r\n  b'],
    ['2', '', ''],
    ['2', '\n', '\n'],
    ['0', 'a\nb', 'a\nb'],
    ['3', 'é\n🔑', '   é\n   🔑'],
  ]
  for (const [width, value, moved] of table) assert.equal(apply(indent, value, { args: [width] }), moved)
})

test('a key of several lines is a YAML block', () => {
  const key = '-----BEGIN CANARY-----\nAAAA\n\nBBBB\n-----END CANARY-----\n'
  assert.deepEqual(parse(`key: |\n${apply(indent, key, { args: ['4'] })}next: 1\n`), { key, next: 1 })
})

test('the width is a whole number', () => {
  for (const wrong of ['x', '-1', '1.5', '', '1000', ' 2']) {
    assert.equal(argumentProblem(indent, [wrong]), 'filter indent takes a whole number from 0 to 999')
  }
  assert.equal(argumentProblem(indent, []), 'filter indent takes one argument, not 0')
})

test('a result that is larger than allowed is refused before its memory is allocated', () => {
  const lines = bytesOf('x\n'.repeat(500_000))
  assert.throws(
    () => indent.apply(lines, ['999'], { nowMs: 0, maxBytes: 1_048_576 }),
    /^LocketError: the result has 500500000 bytes, at most 1048576 fit$/,
  )
})
