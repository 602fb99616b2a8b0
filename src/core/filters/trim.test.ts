import assert from 'node:assert/strict'
import { test } from 'node:test'
import { apply } from '../../../test/support/apply-filter.ts'
import { trim } from './trim.ts'

test('trim drops blanks and line breaks at both ends, not inside', () => {
  const table: [string, string][] = [
    ['', ''],
    ['a', 'a'],
    ['a\n', 'a'],
    [' \t\r\n\v\fa b\n\nc \n', 'a b\n\nc'],
    [' \n ', ''],
    ['\u00a0a\u00a0', '\u00a0a\u00a0'],
  ]
  for (const [value, trimmed] of table) assert.equal(apply(trim, value), trimmed)
})

test('bytes that are not text are trimmed too', () => {
  assert.deepEqual(
    trim.apply(Uint8Array.of(0x20, 0xff, 0x00, 0x0a), [], { nowMs: 0 }),
    Uint8Array.of(0xff, 0x00),
  )
})
