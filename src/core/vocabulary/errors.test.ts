import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import type { ErrorFactName, ErrorFacts } from './error-facts.ts'
import {
  addFacts,
  causesOf,
  combineErrors,
  formatError,
  LocketError,
  partsOf,
  rewordError,
} from './errors.ts'

test('an error is printed on one line, whatever text it quotes', () => {
  const error = new LocketError('config', 'driver option a\r\nb\u001b[31m\u2028\u202e is not known', {
    hint: 'x\ty',
  })
  assert.equal(formatError(error), 'driver option a??b?[31m?? is not known (x?y)')
})

test('the first error that is not retryable gives the combined error its code', () => {
  const [slow, wrong] = [
    new LocketError('timeout', 'slow', { hint: 'wait' }),
    new LocketError('auth', 'wrong'),
  ]
  assert.equal(combineErrors([slow]), slow)
  const both = combineErrors([slow, wrong])
  assert.deepEqual([both.code, formatError(both)], ['auth', 'slow (wait); wrong'])
})

test("causes are shown in order, up to the first that is not locket's own", () => {
  const foreign = Object.assign(new Error('canary-cause-77'), { code: 'ECONNREFUSED' })
  const inner = new LocketError('unavailable', 'no answer from x', { hint: 'is it up?', cause: foreign })
  const outer = new LocketError('unavailable', 'volume a: no answer', { cause: inner })
  assert.deepEqual(causesOf(outer), [
    'no answer from x (is it up?) [unavailable]',
    'the system said ECONNREFUSED',
  ])
  const other = new LocketError('internal', 'a bug', { cause: new TypeError('canary-cause-77') })
  assert.deepEqual(causesOf(other), ['an error that is not of locket'])
  assert.deepEqual(causesOf(new LocketError('auth', 'no')), [])
  const circle = new LocketError('auth', 'again')
  circle.cause = circle
  assert.ok(causesOf(circle).length < 20)
})

const DOWN = new LocketError('unavailable', 'op-connect at http://c refused the connection', {
  hint: 'is it running?',
  names: ['provider'],
})
const NO_FIELD = new LocketError('not_found', 'the item has no field "f"')

test('facts and reason make one line', () => {
  const rows: readonly (readonly [LocketError, ErrorFacts, string])[] = [
    [NO_FIELD, {}, 'the item has no field "f"'],
    [NO_FIELD, { origin: 'secret x' }, 'secret x: the item has no field "f"'],
    [NO_FIELD, { path: 'app.env', line: 3 }, 'app.env: line 3: the item has no field "f"'],
    [
      NO_FIELD,
      { origin: 'secret x', line: 2, column: 5, references: ['op://v/i/f'] },
      'secret x: line 2, column 5: op://v/i/f: the item has no field "f"',
    ],
    [
      NO_FIELD,
      { references: ['op://v/i/f'], provider: 'op-connect' },
      'op://v/i/f (op-connect): the item has no field "f"',
    ],
    [
      NO_FIELD,
      { references: ['local://a', 'local://b'], provider: 'local' },
      'local://a and local://b: the item has no field "f"',
    ],
    [
      NO_FIELD,
      { references: ['second+op://v/i/f'], provider: 'second' },
      'second+op://v/i/f: the item has no field "f"',
    ],
    [NO_FIELD, { provider: 'op' }, 'op: the item has no field "f"'],
    [
      DOWN,
      { volume: 'db', undone: 'not mounted', references: ['op://v/i/f'], provider: 'op-connect' },
      'volume db not mounted: op://v/i/f: op-connect at http://c refused the connection (is it running?)',
    ],
    [NO_FIELD, { service: 'web', origin: 'DB' }, 'service web: DB: the item has no field "f"'],
    [NO_FIELD, { volume: 'db', origin: 'secret x' }, 'volume db: secret x: the item has no field "f"'],
  ]
  for (const [error, facts, line] of rows) assert.equal(formatError(addFacts(error, facts)), line)
})

test('facts that the reader sees beside the line are left out, other values of them are not', () => {
  const error = addFacts(NO_FIELD, { origin: 'app.conf', references: ['op://a'], provider: 'op-connect' })
  assert.equal(formatError(error, { origin: 'app.conf' }), 'op://a (op-connect): the item has no field "f"')
  assert.equal(
    formatError(error, { references: ['op://a'], provider: 'op-connect' }),
    'app.conf: the item has no field "f"',
  )
  assert.equal(
    formatError(error, { origin: 'other' }),
    'app.conf: op://a (op-connect): the item has no field "f"',
  )
})

test('rewording keeps the facts, and the nearer fact is kept', () => {
  const error = addFacts(DOWN, { provider: 'op-connect', origin: 'secret x' })
  const reworded = rewordError(error, `${error.reason}; not asked again`)
  assert.equal(
    formatError(reworded),
    'secret x: op-connect at http://c refused the connection; not asked again (is it running?)',
  )
  assert.equal(addFacts(reworded, { origin: 'farther' }).facts.origin, 'secret x')
})

test('a combined error prints each part with its own facts', () => {
  const parts = [DOWN, NO_FIELD].map((error) => addFacts(error, { origin: 'secret x' }))
  const both = combineErrors([parts[0] ?? DOWN, parts[1] ?? NO_FIELD])
  const lines =
    'secret x: op-connect at http://c refused the connection (is it running?); ' +
    'secret x: the item has no field "f"'
  assert.equal(formatError(both), lines)
  assert.deepEqual(both.facts, { origin: 'secret x' })
  const outer = addFacts(both, { volume: 'db', undone: 'not mounted', origin: 'secret x' })
  assert.equal(formatError(outer), `volume db not mounted: ${lines}`)
  assert.deepEqual(
    partsOf(outer).map(({ facts }) => [facts.volume, facts.origin]),
    [
      ['db', 'secret x'],
      ['db', 'secret x'],
    ],
  )
  assert.equal(
    formatError(both, { origin: 'secret x' }),
    'op-connect at http://c refused the connection (is it running?); the item has no field "f"',
  )
})

test('no fact is printed twice, however often it was added', () => {
  const names = ['volume', 'undone', 'service', 'origin', 'path', 'provider'] as const
  const given = fc.subarray([...names, 'references'] as const)
  fc.assert(
    fc.property(given, given, given, fc.boolean(), (first, second, named, isReworded) => {
      const valueOf = (name: ErrorFactName) => (name === 'references' ? ['<references>'] : `<${name}>`)
      const factsOf = (of: readonly ErrorFactName[]): ErrorFacts =>
        Object.fromEntries(of.map((name) => [name, valueOf(name)]))
      const reason = ['wrong', ...named.map((name) => `<${name}>`)].join(' ')
      const plain = new LocketError('io', reason, { facts: factsOf(first), names: named })
      const more = addFacts(isReworded ? rewordError(plain, reason) : plain, factsOf(second))
      const line = formatError(addFacts(more, factsOf(first)))
      for (const name of new Set([...first, ...second, ...named]))
        assert.equal(line.split(`<${name}>`).length - 1, 1, `${name} in ${line}`)
    }),
  )
})
