import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { parseDotenv } from './dotenv.ts'
import { isLocketError } from '../vocabulary/errors.ts'

const CANARY = 'CANARY-7f3a'

function valuesOf(text: string): Record<string, string> {
  return Object.fromEntries(parseDotenv(text, 'app.env').map(({ name, value }) => [name, value]))
}

function refusal(text: string): string {
  try {
    parseDotenv(text, 'app.env')
  } catch (thrown) {
    if (isLocketError(thrown) && thrown.code === 'config') return thrown.message
    throw thrown
  }
  throw new assert.AssertionError({ message: `accepted: ${JSON.stringify(text)}` })
}

test('a value is the text after =, without blanks around it', () => {
  const table: [string, string][] = [
    ['A=b', 'b'],
    ['A=', ''],
    ['A = b ', 'b'],
    ['\t A\t=\tb\t', 'b'],
    ['export A=b', 'b'],
    ['export\t  A=b', 'b'],
    ['A=b c', 'b c'],
    ['A=b=c==', 'b=c=='],
    ["A=it's", "it's"],
    ['A=say "hi"', 'say "hi"'],
    ['A=$HOME/${X}', '$HOME/${X}'],
    ['A=\\n', '\\n'],
    ['A=b\r\n', 'b'],
    ['\uFEFFA=b', 'b'],
    ['A={"k": "v"}', '{"k": "v"}'],
  ]
  for (const [text, value] of table) assert.deepEqual(valuesOf(text), { A: value }, text)
})

test('a # behind a blank begins a comment, but not in a word and not within braces', () => {
  const table: [string, string][] = [
    ['A=b # c', 'b'],
    ['A=b\t#c', 'b'],
    ['A=b#c', 'b#c'],
    ['A=#fff', '#fff'],
    ['A= # c', ''],
    ['A={{ op://vault/item #1/field }} # c', '{{ op://vault/item #1/field }}'],
    ['A={{ open # c', '{{ open'],
    ['A={{ a }} {{ b #c', '{{ a }} {{ b'],
  ]
  for (const [text, value] of table) assert.deepEqual(valuesOf(text), { A: value }, text)
})

test('quoted values keep blanks, # and line breaks; only double quotes know escapes', () => {
  const table: [string, string][] = [
    ["A=' b # '", ' b # '],
    ['A=" b # " # c', ' b # '],
    ['A=`b\'"c`', `b'"c`],
    ["A='a\\nb'", 'a\\nb'],
    ['A="a\\nb\\tc\\rd"', 'a\nb\tc\rd'],
    ['A="a\\"b\\\\c\\$d\\qe"', 'a"b\\c$d\\qe'],
    ['A="a\\\\n"', 'a\\n'],
    ["A='one\r\ntwo\nthree'", 'one\ntwo\nthree'],
    ['A="one\n# two\n\nB=three"', 'one\n# two\n\nB=three'],
    ['A=""', ''],
    [`A="{{ op://v/i/f | default \\"x\\" }}"`, '{{ op://v/i/f | default "x" }}'],
  ]
  for (const [text, value] of table) assert.deepEqual(valuesOf(text), { A: value }, text)
})

test('comments and empty lines are not entries, and lines are counted through quoted values', () => {
  const text = '# first\n\n  # second\nA="1\n2\n3"\r\n\t\nB=4\nlast.key-1=5'
  assert.deepEqual(parseDotenv(text, 'app.env'), [
    { name: 'A', value: '1\n2\n3', line: 4 },
    { name: 'B', value: '4', line: 8 },
    { name: 'last.key-1', value: '5', line: 9 },
  ])
  assert.deepEqual(parseDotenv('', 'app.env'), [])
  assert.deepEqual(parseDotenv('\n\n', 'app.env'), [])
})

test('the last value of a repeated name counts', () => {
  assert.deepEqual(parseDotenv('A=1\nB=2\nA=3', 'app.env'), [
    { name: 'A', value: '3', line: 3 },
    { name: 'B', value: '2', line: 2 },
  ])
})

test('a text that is not an entry is refused with its line, without its text', () => {
  const table: [string, RegExp][] = [
    [`A=1\n${CANARY}`, /^app\.env: line 2: a line must be NAME=VALUE, a comment or empty/],
    [`A: ${CANARY}`, /line 1: a line must be NAME=VALUE/],
    [`1${CANARY}=x`, /line 1: a line must be NAME=VALUE/],
    [`=${CANARY}`, /line 1: a line must be NAME=VALUE/],
    [`export ${CANARY}`, /line 1: a line must be NAME=VALUE/],
    [`A B=${CANARY}`, /line 1: a line must be NAME=VALUE/],
    [`A=1\n\nB="${CANARY}\nC=2\n`, /line 3: the quote " is not closed/],
    [`B='${CANARY}`, /line 1: the quote ' is not closed/],
    [`B="${CANARY}\\"`, /line 1: the quote " is not closed/],
    [`B="${CANARY}\\`, /line 1: the quote " is not closed/],
    [`B="1\n2" ${CANARY}`, /line 2: only a comment may follow the closing quote "/],
    [`B='it''s ${CANARY}'`, /line 1: only a comment may follow the closing quote '/],
    [`B=${CANARY}\0`, /line 1: a value must not hold a NUL character/],
  ]
  for (const [text, reason] of table) {
    const message = refusal(text)
    assert.match(message, reason)
    assert.ok(!message.includes(CANARY), message)
  }
})

test('any value in single quotes without one, and any escaped one in double quotes, is read back', () => {
  const value = fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\0', '').replaceAll('\r', ''))
  fc.assert(
    fc.property(value, (text) => {
      const escaped = text.replace(/["\\$]/g, '\\$&')
      assert.deepEqual(valuesOf(`X=1\nA="${escaped}"\nY=2`), { X: '1', A: text, Y: '2' })
      const plain = text.replaceAll("'", '')
      assert.deepEqual(valuesOf(`X=1\nA='${plain}'\nY=2`), { X: '1', A: plain, Y: '2' })
    }),
    { seed: 20261122 },
  )
})

test('any text is either read or refused with a line that it has, fast', () => {
  const piece = fc.constantFrom(
    'A',
    '=',
    '"',
    "'",
    '`',
    '\\',
    '\n',
    '\r\n',
    ' ',
    '#',
    '{{',
    '}}',
    'export ',
    '\uFEFF',
    '\0',
  )
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join('')),
      (text) => {
        try {
          parseDotenv(text, 'app.env')
        } catch (thrown) {
          assert.ok(isLocketError(thrown), String(thrown))
          const line = Number(/^app\.env: line ([0-9]+): /.exec(thrown.message)?.[1])
          assert.ok(line >= 1 && line <= text.split('\n').length, thrown.message)
        }
      },
    ),
    { seed: 20261122, numRuns: 2000 },
  )
})

test('a megabyte of anything is read in linear time', () => {
  const size = 1_000_000
  const texts = ['{{', '\\', ' ', '"\\', '#', 'A', '\n', "A='\n'\n", 'A=1\n'].map((piece) =>
    piece.repeat(size / piece.length),
  )
  for (const text of ['', 'A=', 'A="'].flatMap((start) => texts.map((rest) => start + rest))) {
    const started = performance.now()
    try {
      parseDotenv(text, 'app.env')
    } catch (thrown) {
      assert.ok(isLocketError(thrown), String(thrown))
    }
    assert.ok(performance.now() - started < 3000, JSON.stringify(text.slice(0, 10)))
  }
})
