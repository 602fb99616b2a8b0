import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { isLocketError } from '../vocabulary/errors.ts'
import { formatDuration, formatSize, parseDuration, parseMode, parseOwner, parseSize } from './units.ts'

const USUAL =
  `0400 0440 0444 0500 0550 0555 0600 0640 0644 0660 0664 0666 0700 0710 0711 0750 0751 0755 0770 0771 0775
  0777 1770 1777 2750 2770 2775`
    .split(/\s+/)
    .map((digits) => Number.parseInt(digits, 8))

function refusal(parse: () => unknown): string {
  try {
    parse()
  } catch (thrown) {
    if (isLocketError(thrown) && thrown.code === 'config') return thrown.message
    throw thrown
  }
  throw new assert.AssertionError({ message: 'nothing was thrown' })
}

test('sizes take bytes, or K, M and G with an optional B or iB', () => {
  const table: [string, number][] = [
    ['1', 1],
    ['4096', 4096],
    ['4096B', 4096],
    ['10M', 10 * 1024 ** 2],
    ['10m', 10 * 1024 ** 2],
    ['512K', 512 * 1024],
    ['512KB', 512 * 1024],
    ['2MiB', 2 * 1024 ** 2],
    ['1G', 1024 ** 3],
    ['3GiB', 3 * 1024 ** 3],
  ]
  for (const [text, bytes] of table) assert.equal(parseSize(text), bytes, text)
})

test('zero, a fraction, a sign, a space or an unknown unit is refused as a size, with an example', () => {
  for (const text of [
    '',
    '0',
    '0M',
    '-1',
    '+1',
    '1.5M',
    '10 M',
    ' 10M',
    '10M\n',
    '10T',
    '10iB',
    'M',
    '1e3',
    '0x10',
    '9007199254740993',
  ]) {
    assert.match(
      refusal(() => parseSize(text)),
      /is not a valid size: /,
      text,
    )
  }
  assert.equal(
    refusal(() => parseSize('10T')),
    '"10T" is not a valid size: write a whole number of bytes, or one with K, M or G, like 10M',
  )
})

test('a long wrong text is cut in the message', () => {
  assert.ok(refusal(() => parseSize('x'.repeat(10_000))).length < 200)
  assert.ok(refusal(() => parseDuration('9'.repeat(10_000))).length < 200)
})

test('a formatted size reads back as the same number', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
      (bytes) => parseSize(formatSize(bytes)) === bytes,
    ),
  )
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4096 }), (count) => formatSize(count * 1024 ** 3) === `${count}G`),
  )
  assert.equal(formatSize(10 * 1024 ** 2), '10M')
  assert.equal(formatSize(1536), '1536B')
  assert.equal(formatSize(0), '0B')
})

test('durations take units in falling order', () => {
  const table: [string, number][] = [
    ['500ms', 500],
    ['25s', 25_000],
    ['2m', 120_000],
    ['1h', 3_600_000],
    ['1m30s', 90_000],
    ['1h0m1s1ms', 3_601_001],
    ['90m', 5_400_000],
    ['0s', 0],
  ]
  for (const [text, ms] of table) assert.equal(parseDuration(text), ms, text)
})

test('a duration without a unit is refused with the advice to add one', () => {
  assert.equal(
    refusal(() => parseDuration('25')),
    '"25" is not a valid duration: add a unit (ms, s, m or h), like 25s',
  )
})

test('other texts are not durations', () => {
  for (const text of [
    '',
    ' ',
    '1.5s',
    '30s1m',
    '1s1s',
    '-5s',
    '5 s',
    '5S',
    '5d',
    's',
    '25s\n',
    '99999999999999h',
  ]) {
    assert.match(
      refusal(() => parseDuration(text)),
      /is not a valid duration: /,
      text,
    )
  }
})

test('a formatted duration reads back as the same number', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
      (ms) => parseDuration(formatDuration(ms)) === ms,
    ),
  )
  assert.equal(formatDuration(90_000), '1m30s')
  assert.equal(formatDuration(0), '0s')
})

test('an owner is uid:gid, or a uid that is the group too', () => {
  assert.deepEqual(parseOwner('1000:100'), { uid: 1000, gid: 100 })
  assert.deepEqual(parseOwner('0:0'), { uid: 0, gid: 0 })
  assert.deepEqual(parseOwner('1000'), { uid: 1000, gid: 1000 })
  assert.deepEqual(parseOwner('4294967294:4294967294'), { uid: 4_294_967_294, gid: 4_294_967_294 })
})

test('names, the reserved highest ID and half owners are refused', () => {
  for (const text of [
    '',
    'nobody',
    '1000:',
    ':1000',
    '1:2:3',
    '-1',
    '4294967295',
    '0:4294967295',
    '1.0',
    '1000\n',
    '99999999999',
  ]) {
    assert.match(
      refusal(() => parseOwner(text)),
      /is not a valid owner: write uid:gid/,
      text,
    )
  }
})

test('a mode with a leading zero is octal', () => {
  assert.equal(parseMode('0700'), 0o700)
  assert.equal(parseMode('0o640'), 0o640)
  assert.equal(parseMode('0O640'), 0o640)
  assert.equal(parseMode('00007'), 0o7)
  assert.equal(parseMode('07777'), 0o7777)
  assert.equal(parseMode('0123'), 0o123)
})

test('a mode with an 8 or 9 is decimal: what YAML makes of an unquoted octal number', () => {
  assert.equal(parseMode('448'), 0o700)
  assert.equal(parseMode('493'), 0o755)
  assert.equal(parseMode('489'), 489)
})

test('other digits are read in the way that gives a usual mode', () => {
  assert.equal(parseMode('416'), 0o640)
  assert.equal(parseMode('640'), 0o640)
  assert.equal(parseMode('256'), 0o400)
  assert.equal(parseMode('1777'), 0o1777)
  assert.equal(parseMode('1023'), 0o1777)
})

test('every usual mode is understood in octal, in quoted octal and as YAML writes it in decimal', () => {
  for (const mode of USUAL) {
    assert.equal(parseMode(mode.toString(8)), mode)
    assert.equal(parseMode(`0${mode.toString(8)}`), mode)
    assert.equal(parseMode(String(mode)), mode)
  }
})

test('digits without a usual reading, or out of range, are refused with the advice to quote', () => {
  for (const text of [
    '123',
    '1',
    '7777',
    '0800',
    '0o',
    '0o8',
    '010000',
    '4999',
    '999999',
    '-0700',
    '0x1ff',
    'rwx',
    '',
    '0700\n',
  ]) {
    assert.match(
      refusal(() => parseMode(text)),
      /is not a valid mode: .*in quotes, like "0700"$/,
      text,
    )
  }
})
