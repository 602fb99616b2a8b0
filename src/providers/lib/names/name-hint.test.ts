import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fieldHint, nearHint } from './name-hint.ts'

test('a near name is offered, and nothing for a name that is like no other', () => {
  assert.equal(nearHint('Mordn', ['Gondor', 'Mordin']), 'did you mean Mordin?')
  assert.equal(nearHint('Mordn', ['Gondor', '']), undefined)
  assert.equal(nearHint('x'.repeat(5000), ['y'.repeat(5000)]), undefined)
})

test('of fields that are not near up to five are listed', () => {
  assert.equal(fieldHint('passwrd', ['username', 'password']), 'did you mean password?')
  assert.equal(fieldHint('port', ['username', 'password']), 'there is username, password')
  assert.equal(
    fieldHint('port', ['aaaa', 'b', 'c', 'd', 'e', 'f', 'g']),
    'there is aaaa, b, c, d, e and 2 more',
  )
  assert.equal(fieldHint('port', ['', '']), undefined)
  assert.equal(fieldHint('port', ['z'.repeat(500)]), `there is ${'z'.repeat(80)}`)
})
