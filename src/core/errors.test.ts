import assert from 'node:assert/strict'
import { test } from 'node:test'
import { combineErrors, formatError, LocketError } from './errors.ts'

test('a line stays one line, whatever it quotes', () => {
  const error = new LocketError('config', 'driver option a\r\nb\u001b[31m\u2028\u202e is not known', {
    hint: 'x\ty',
  })
  assert.equal(formatError(error), 'driver option a??b?[31m?? is not known (x?y)')
})

test('of several errors the one that cannot pass decides', () => {
  const [slow, wrong] = [
    new LocketError('timeout', 'slow', { hint: 'wait' }),
    new LocketError('auth', 'wrong'),
  ]
  assert.equal(combineErrors([slow]), slow)
  const both = combineErrors([slow, wrong])
  assert.deepEqual([both.code, formatError(both)], ['auth', 'slow (wait); wrong'])
})
