import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { formatRecord, type LogRecord } from './log.ts'

const RECORD: LogRecord = {
  time: Date.UTC(2026, 10, 22, 4, 50, 0, 123),
  level: 'warn',
  event: 'volume.mounted',
  message: 'mounted once more',
  facts: {
    volume: 'db',
    files: 3,
    ok: true,
    missing: undefined,
    ids: ['a', 'b c'],
    error: 'said "no"',
    empty: '',
  },
}

test('text: time, level, event, message, facts', () => {
  assert.equal(
    formatRecord('text', RECORD),
    String.raw`2026-11-22T04:50:00Z WARN volume.mounted mounted once more volume=db files=3 ok=true ids=a,"b c" error="said \"no\"" empty=""`,
  )
})

test('json: one object, whose own fields no fact can take the place of', () => {
  const line = formatRecord('json', {
    ...RECORD,
    facts: { ...RECORD.facts, level: 'forged', event: 'forged', time: 0 },
  })
  assert.deepEqual(JSON.parse(line), {
    volume: 'db',
    files: 3,
    ok: true,
    ids: ['a', 'b c'],
    error: 'said "no"',
    empty: '',
    time: '2026-11-22T04:50:00.123Z',
    level: 'warn',
    event: 'volume.mounted',
    message: 'mounted once more',
  })
})

test('compose: the three types that Compose knows', () => {
  const typeOf = (level: LogRecord['level']): unknown =>
    JSON.parse(formatRecord('compose', { ...RECORD, level, facts: { volume: 'db' } }))
  assert.deepEqual(typeOf('info'), { type: 'info', message: 'mounted once more volume=db' })
  assert.deepEqual(typeOf('warn'), { type: 'info', message: 'mounted once more volume=db' })
  assert.deepEqual(typeOf('error'), { type: 'error', message: 'mounted once more volume=db' })
  assert.deepEqual(typeOf('debug'), { type: 'debug', message: 'mounted once more volume=db' })
})

test('no fact can forge a line, a field or a terminal command, in any format', () => {
  const nasty = fc.string({
    unit: fc.constantFrom(
      '\n',
      '\r',
      '\u001b',
      '\u009b',
      '\u2028',
      '\u202e',
      '\u007f',
      '"',
      '\\',
      ' ',
      '=',
      'a',
      'ü',
      '😀',
      '\ud800',
    ),
  })
  fc.assert(
    fc.property(nasty, nasty, (name, value) => {
      for (const format of ['text', 'json', 'compose'] as const) {
        const line = formatRecord(format, { ...RECORD, facts: { [`f${name}`]: value, list: [value] } })
        // eslint-disable-next-line no-control-regex
        assert.doesNotMatch(line, /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202e]/)
        if (format === 'json')
          assert.equal(
            Object(JSON.parse(line)).list[0],
            value.toWellFormed() === value ? value : Object(JSON.parse(line)).list[0],
          )
      }
    }),
  )
})

test('in text a value with an equals sign is quoted, so that it is not a second field', () => {
  assert.match(
    formatRecord('text', { ...RECORD, facts: { error: 'x volume=other' } }),
    /error="x volume=other"$/,
  )
})
