import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nearest } from './nearest.ts'

test('the nearest known word, when it is near enough', () => {
  const known = ['connect-host', 'connect-token', 'user', 'mode']
  const cases: [string, string | undefined][] = [
    ['conect-host', 'connect-host'],
    ['CONNECT-TOKEN', 'connect-token'],
    ['usr', 'user'],
    ['m', undefined],
    ['something-else', undefined],
    ['', undefined],
  ]
  for (const [text, expected] of cases) assert.equal(nearest(text, known), expected, text)
})

test('of equally near words the first', () => {
  assert.equal(nearest('cat', ['bat', 'hat']), 'bat')
})
