import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { base64 } from './base64.ts'
import { base64decode } from './base64decode.ts'
import { bytesOf } from './define.ts'
import { apply, failure } from '../../../test/support/apply-filter.ts'

test('base64 is that of RFC 4648, padded, on one line', () => {
  const table: [string, string][] = [
    ['', ''],
    ['f', 'Zg=='],
    ['fo', 'Zm8='],
    ['foo', 'Zm9v'],
    ['foobar', 'Zm9vYmFy'],
    ['x'.repeat(60), 'eHh4'.repeat(20)],
  ]
  for (const [plain, encoded] of table) assert.equal(apply(base64, plain), encoded)
  assert.equal(apply(base64, Uint8Array.of(0xfb, 0xff, 0x00)), '+/8A')
})

test('base64decode accepts both alphabets, line breaks, and missing padding', () => {
  const table: [string, string][] = [
    ['', ''],
    ['Zg==', 'f'],
    ['Zg', 'f'],
    ['Zm8=', 'fo'],
    ['Zm9v\r\nYmFy\n', 'foobar'],
    [' Zm9v ', 'foo'],
  ]
  for (const [encoded, plain] of table) assert.equal(apply(base64decode, encoded), plain, encoded)
  assert.deepEqual(base64decode.apply(bytesOf('-_8A'), [], { nowMs: 0 }), Uint8Array.of(0xfb, 0xff, 0x00))
})

test('base64decode refuses text that is not base64, without showing it', () => {
  for (const text of ['CANARY!!', 'Zg=', 'Z', 'Zg===', 'Zm9v=', '=', 'Zg==Zg==', 'Zé==', '====']) {
    assert.equal(failure(base64decode, text), 'the value is not base64', text)
  }
  assert.equal(failure(base64decode, Uint8Array.of(0xff, 0xfe)), 'the value is not base64')
})

test('any bytes are decoded again after encoding', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      const encoded = base64.apply(bytes, [], { nowMs: 0 })
      assert.deepEqual(base64decode.apply(encoded, [], { nowMs: 0 }), bytes)
    }),
    { seed: 20261122 },
  )
})

test('a part of a larger buffer is encoded alone', () => {
  assert.equal(apply(base64, bytesOf('xxfooxx').subarray(2, 5)), 'Zm9v')
  assert.equal(apply(base64decode, bytesOf('xxZm9vxx').subarray(2, 6)), 'foo')
})
