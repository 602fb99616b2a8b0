import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseRates } from './rate.ts'

test('rates are read with their units, several at once', () => {
  assert.deepEqual(parseRates('5/s, 60/m,1000/h,5000/d'), [
    { count: 5, perMs: 1000, text: '5/s' },
    { count: 60, perMs: 60_000, text: '60/m' },
    { count: 1000, perMs: 3_600_000, text: '1000/h' },
    { count: 5000, perMs: 86_400_000, text: '5000/d' },
  ])
  assert.deepEqual(parseRates(' none '), [])
})

test('a text that is not a rate is refused with the right way to write one', () => {
  for (const text of ['', '5', '0/s', '-1/s', '5/w', '5 / s', '5/s,', 'none,5/s', '1234567/s', '5/S']) {
    assert.throws(
      () => parseRates(text),
      { code: 'config', message: /is not a valid rate: write COUNT\/s/ },
      text,
    )
  }
})
