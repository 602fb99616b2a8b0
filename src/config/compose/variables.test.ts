import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { isLocketError } from '../../core/vocabulary/errors.ts'
import { fillIn } from './variables.ts'

const ENV = { SET: 'set', EMPTY: '' }

function filled(text: string, env: Record<string, string> = ENV): { text: string; unset: string[] } {
  const unset: string[] = []
  return { text: fillIn(text, env, (name) => unset.push(name)), unset }
}

/** Each text with the result of Compose 2.40.3. */
const MEASURED: readonly (readonly [string, string])[] = [
  ['$', '$'],
  ['a$ b', 'a$ b'],
  ['$1', '$1'],
  ['$}', '$}'],
  ['$É', '$É'],
  ['$$', '$'],
  ['$$$$', '$$'],
  ['$$$SET', '$set'],
  ['$$${SET}', '$set'],
  ['$${SET}', '${SET}'],
  ['$${', '${'],
  ['$SET', 'set'],
  ['$SET-x', 'set-x'],
  ['$SET$SET', 'setset'],
  ['${SET}', 'set'],
  ['${SET}}', 'set}'],
  ['${UNSET:-d}', 'd'],
  ['${EMPTY:-d}', 'd'],
  ['${EMPTY-d}', ''],
  ['${UNSET-d}', 'd'],
  ['${UNSET:-}', ''],
  ['${UNSET:-${SET}}', 'set'],
  ['${UNSET-${SET:?x}}', 'set'],
  ['${UNSET:-a}b}', 'ab}'],
  ['${UNSET:-a${SET}b}c}', 'asetbc}'],
  ['${EMPTY?must}', ''],
  ['${SET:?a-b}', 'set'],
  ['${SET:?${UNSET:-a}}z', 'setz'],
  ['${SET:+y}', 'y'],
  ['${SET:+${UNSET:-z}}', 'z'],
  ['${EMPTY:+y}', ''],
  ['${EMPTY+y}', 'y'],
  ['${UNSET+y}', ''],
  ['${UNSET:-$$x}', '$x'],
  ['${UNSET:-$${x}}', '${x}'],
  ['${UNSET:-x-y:?z}', 'x-y:?z'],
  ['${UNSET:-a:-b}', 'a:-b'],
  ['${UNSET-a-b}', 'a-b'],
  ['${UNSET:-a?b}', 'a?b'],
  ['${SET:+a}${SET}', 'aset'],
  ['${UNSET:-a} $$ ${SET} ${UNSET-q}', 'a $ set q'],
  ['${UNSET:-a}\n${SET:-b}', 'a\nset'],
  // Compose counts braces in an unusual way.
  ['{{ a }} ${UNSET:-{{ b }}}', '{{ a }} {{ b }}'],
  ['${SET:-{{ b }}}', 'set}'],
  ['${SET:+{{ b }} c}', '{{ b } c}'],
  ['${UNSET:-{{ op://a/${SET}/b }}}', '{{ op://a/set/b }}'],
  ['${UNSET:-{a}', '{a'],
  ['${UNSET:-{x}\n}', '{x\n}'],
  ['${SET:-{a} ${SET} }', 'set'],
  ['${UNSET:-{}', '{'],
  ['${UNSET:-{{}}', '{{}'],
  ['${UNSET:-${SET}{}', 'set{'],
  ['${UNSET:-}}', '}'],
]

test('variables are filled in as Compose fills them in', () => {
  for (const [text, expected] of MEASURED)
    assert.deepEqual(filled(text), { text: expected, unset: [] }, JSON.stringify(text))
})

test('an unset variable is empty and reported, also in a default that is not used', () => {
  assert.deepEqual(filled('a$b-${C}'), { text: 'a-', unset: ['b', 'C'] })
  assert.deepEqual(filled('${SET:-${UNSET}}'), { text: 'set', unset: ['UNSET'] })
  assert.deepEqual(filled('${set}').unset, ['set'])
})

test('what Compose refuses is refused, without a word of the text or of the environment', () => {
  const refused = [
    '${',
    '${}',
    '${ SET}',
    '${SET ',
    '${SET }',
    '${SET!}',
    '${SET:}',
    '${1}',
    'x${UNSET:-$',
    '${UNSET:-${SET}',
    '${UNSET:-a\nb}',
    '${SET:-a\nb}c',
    '${UNSET:-{a} ${SET}',
    '${SET:-${UNSET:?x}}',
    `${'${A:-'.repeat(2000)}x${'}'.repeat(2000)}`,
  ]
  for (const text of refused) assert.throws(() => filled(`canary ${text}`, { SET: 'canary' }), isQuiet, text)
  assert.throws(() => filled('${UNSET:?say $SET}'), /^LocketError: needs the variable UNSET: say \$SET$/)
  assert.throws(() => filled('${EMPTY:?}'), /^LocketError: needs the variable EMPTY$/)
})

test('any text comes back when its dollars are doubled, and no text crashes it', () => {
  const pieces = fc.array(
    fc.constantFrom(
      '$',
      '${',
      '}',
      '{',
      'SET',
      'UNSET',
      ':-',
      '-',
      ':?',
      ':+',
      '\n',
      ' ',
      'é',
      '$$',
      '{{',
      '}}',
    ),
  )
  const texts = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    pieces.map((parts) => parts.join('')),
  )
  fc.assert(
    fc.property(texts, (text) => {
      assert.deepEqual(filled(text.replaceAll('$', '$$$$')), { text, unset: [] })
      try {
        filled(text)
      } catch (thrown) {
        assert.ok(isLocketError(thrown) && thrown.code === 'config')
      }
    }),
    { seed: 7, numRuns: 3000 },
  )
})

function isQuiet(thrown: unknown): boolean {
  assert.ok(isLocketError(thrown) && thrown.code === 'config')
  assert.ok(!thrown.message.includes('canary'), thrown.message)
  return true
}
