import assert from 'node:assert/strict'
import { test } from 'node:test'
import { splitWords } from './words.ts'

test('a command line is split at blanks, and quotes and backslashes keep them', () => {
  assert.deepEqual(splitWords('nginx -s reload'), ['nginx', '-s', 'reload'])
  assert.deepEqual(splitWords('  a\t b\n'), ['a', 'b'])
  assert.deepEqual(splitWords(`sh -c 'kill -HUP "$(cat /p)"'`), ['sh', '-c', 'kill -HUP "$(cat /p)"'])
  assert.deepEqual(splitWords('a "" b'), ['a', '', 'b'])
  assert.deepEqual(splitWords(`x'y z'"w"`), ['xy zw'])
  assert.deepEqual(splitWords(String.raw`a\ b "c\"d" "e\f" 'g\h'`), ['a b', 'c"d', 'e\\f', 'g\\h'])
  assert.deepEqual(splitWords(''), [])
})

test('a quote that is not closed, and a backslash at the end, are refused', () => {
  assert.throws(() => splitWords(`sh -c 'x`), /has a ' that is not closed/)
  assert.throws(() => splitWords('a "b'), /has a " that is not closed/)
  assert.throws(() => splitWords('a\\'), /ends with a \\/)
})
