import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatError, toLocketError } from '../../core/vocabulary/errors.ts'
import { field } from '../../settings/field.ts'
import { List, Switch, Text } from '../../settings/kinds.ts'
import { parseFlags } from './flags.ts'

const FIELDS = [
  field({ name: 'size', schema: Text, summary: 'a size', placeholder: 'SIZE' }),
  field({ name: 'env', short: 'e', kind: 'list', schema: List, summary: 'variables' }),
  field({ name: 'watch', aliases: ['follow'], kind: 'switch', schema: Switch, summary: 'follow files' }),
]

function parse(...argv: string[]): unknown[] {
  const { layer, positionals } = parseFlags('try', FIELDS, argv)
  const given = Array.from(layer, ([name, { value, origin }]) => [name, value, origin])
  return positionals.length === 0 ? given : [...given, positionals]
}

test('a value follows its flag or an equals sign, whatever it begins with', () => {
  assert.deepEqual(parse('--size', '-1'), [['size', '-1', 'flag --size']])
  assert.deepEqual(parse('--size=', 'x'), [['size', '', 'flag --size'], ['x']])
  assert.deepEqual(parse('--size', '--watch'), [['size', '--watch', 'flag --size']])
  assert.deepEqual(parse('--size=1', '--size=a=b\nc'), [['size', 'a=b\nc', 'flag --size']])
})

test('a list collects its values, a short flag is the long one', () => {
  assert.deepEqual(parse('-e', 'A=1', 'x', '--env=B=2', '-eC'), [
    ['env', ['A=1', 'B=2', 'C'], 'flag --env'],
    ['x'],
  ])
})

test('a switch takes no word, but true or false after an equals sign', () => {
  assert.deepEqual(parse('--watch', 'false'), [['watch', 'true', 'flag --watch'], ['false']])
  assert.deepEqual(parse('--follow=off'), [['watch', 'false', 'flag --follow']])
  assert.deepEqual(parse('--watch', '--no-follow'), [['watch', 'false', 'flag --no-follow']])
  assert.equal(refusal('--watch=maybe'), 'flag --watch: must be true or false')
})

test('-- ends the flags', () => {
  assert.deepEqual(parse('-', '--', '--size', '--', '-x'), [['-', '--size', '--', '-x']])
})

test('an unknown flag is named without its value, with the nearest known one', () => {
  const help = '(`locket try --help` tells more)'
  assert.equal(refusal('--sise=secret'), 'locket try has no flag --sise (did you mean --size?)')
  assert.equal(refusal('-xe', 'secret'), `locket try has no flag -xe ${help}`)
  assert.equal(refusal('--no-size'), `locket try has no flag --no-size ${help}`)
  assert.match(refusal('--no-watch=true'), /^locket try has no flag --no-watch \(/)
  assert.match(refusal('--__proto__=secret'), /^locket try has no flag --__proto__ \(/)
  assert.equal(refusal('--size'), `locket try: option '--size <SIZE>' argument missing ${help}`)
  assert.equal(refusal('-e'), `locket try: option '-e, --env <VALUE>' argument missing ${help}`)
})

function refusal(...argv: string[]): string {
  try {
    parse(...argv)
  } catch (thrown) {
    return formatError(toLocketError(thrown))
  }
  throw new assert.AssertionError({ message: 'it was accepted' })
}
