import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nearest } from './nearest.ts'

test('the nearest known word is returned when it is near enough', () => {
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

test('the first of several equally near words is returned', () => {
  assert.equal(nearest('cat', ['bat', 'hat']), 'bat')
})
