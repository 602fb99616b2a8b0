import assert from 'node:assert/strict'
import { test } from 'node:test'
import { causesOf, combineErrors, formatError, LocketError } from './errors.ts'

test('a line stays one line, for any quoted text', () => {
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

test("causes are shown in order, up to the first that is not locket's own", () => {
  const foreign = Object.assign(new Error('canary-cause-77'), { code: 'ECONNREFUSED' })
  const inner = new LocketError('unavailable', 'no answer from x', { hint: 'is it up?', cause: foreign })
  const outer = new LocketError('unavailable', 'volume a: no answer', { cause: inner })
  assert.deepEqual(causesOf(outer), [
    'no answer from x (is it up?) [unavailable]',
    'the system said ECONNREFUSED',
  ])
  const other = new LocketError('internal', 'a bug', { cause: new TypeError('canary-cause-77') })
  assert.deepEqual(causesOf(other), ['an error that is not of locket'])
  assert.deepEqual(causesOf(new LocketError('auth', 'no')), [])
  const circle = new LocketError('auth', 'again')
  circle.cause = circle
  assert.ok(causesOf(circle).length < 20)
})
