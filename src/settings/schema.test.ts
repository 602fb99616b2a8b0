import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LocketError } from '../core/vocabulary/errors.ts'
import { AnyText, listOf, matching, oneOf, type Schema } from './schema.ts'

function problemsOf(schema: Schema<unknown>, input: unknown): readonly string[] {
  const parsed = schema.safeParse(input)
  return parsed.success ? [] : parsed.error.issues.map(({ message }) => message)
}

const Digits = matching(/^\d*$/, 'must be digits')

test('every failed check is reported, and only a right value is transformed', () => {
  const Even = Digits.refine((text) => text.length % 2 === 0, 'must be pairs').transform(Number)
  assert.equal(Even.parse('42'), 42)
  assert.deepEqual(problemsOf(Even, 'abc'), ['must be digits', 'must be pairs'])
})

test('a refine after a transform sees the new value', () => {
  const Small = Digits.transform(Number).refine((value) => value < 10, 'must be small')
  assert.equal(Small.parse('9'), 9)
  assert.deepEqual(problemsOf(Small, '10'), ['must be small'])
  assert.deepEqual(problemsOf(Small, 'x'), ['must be digits'])
})

test('an input of another type is refused, and no check sees it', () => {
  for (const input of [undefined, null, 1, ['a'], {}])
    assert.deepEqual(problemsOf(Digits, input), ['must be a text'])
  for (const input of [undefined, 'a', {}])
    assert.deepEqual(problemsOf(listOf(AnyText), input), ['must be a list'])
})

test('optional accepts what nobody gave, and nothing else', () => {
  assert.equal(Digits.optional().parse(undefined), undefined)
  assert.deepEqual(problemsOf(Digits.optional(), null), ['must be a text'])
  assert.deepEqual(problemsOf(Digits.optional(), 'a'), ['must be digits'])
})

test('a list reports the problems of all entries', () => {
  assert.deepEqual(listOf(Digits).parse(['1', '2']), ['1', '2'])
  assert.deepEqual(problemsOf(listOf(Digits), ['1', 'a', 2]), ['must be digits', 'must be a text'])
})

test('the words of a choice survive optional and refine', () => {
  const word = oneOf(['auto', 'off'], () => 'must be auto or off')
  assert.deepEqual(word.optional().refine(() => true, '').options, ['auto', 'off'])
  assert.deepEqual(problemsOf(word, 'on'), ['must be auto or off'])
  assert.deepEqual(problemsOf(word, 'toString'), ['must be auto or off'])
})

test('the error of a parser becomes a problem, a bug in it does not', () => {
  const refuse = AnyText.transform(() => {
    throw new LocketError('config', 'must be something else')
  })
  assert.deepEqual(problemsOf(refuse, 'a'), ['must be something else'])
  const broken = AnyText.transform(() => {
    throw new TypeError('a bug')
  })
  assert.throws(() => broken.safeParse('a'), TypeError)
})
