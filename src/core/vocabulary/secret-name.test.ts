import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { isLocketError } from './errors.ts'
import { isSecretName, parseSecretName } from './secret-name.ts'

test('a name and its reference are the same, percent-encoded or not', () => {
  for (const text of [
    'db/prod password',
    'local://db/prod password',
    'db/prod%20password',
    'local://db/%70rod%20password',
  ]) {
    assert.equal(parseSecretName(text), 'db/prod password')
  }
})

test('composed and decomposed letters are the same name', () => {
  assert.equal(parseSecretName('caf\u0065\u0301'), parseSecretName('caf\u00e9'))
})

test('a text that cannot be a name is refused, with what is expected', () => {
  const bad = [
    '',
    '/',
    'a/',
    '/a',
    'a//b',
    '.',
    'a/..',
    '../a',
    'local://',
    'local:///a',
    ' a',
    'a ',
    'a/ b',
    'a?x=1',
    'a#b',
    'a:b',
  ]
  for (const text of [
    ...bad,
    'a\nb',
    'a\0b',
    'a%2Fb',
    'a%zz',
    'a%',
    '%ff',
    'a|b',
    'a}b',
    'a"b',
    'a\\b',
    'x'.repeat(513),
  ]) {
    assert.throws(
      () => parseSecretName(text),
      { code: 'ref_syntax', hint: 'expected local://path/to/name' },
      text,
    )
    assert.equal(isSecretName(text), false, text)
  }
})

test('a message shows a hostile text on one short line', () => {
  assert.throws(
    () => parseSecretName(`a\n\u001b[31m${'x'.repeat(5000)}`),
    (error) => isLocketError(error) && /^[^\p{Cc}]{1,300}$/u.test(error.message),
  )
})

test('any text gives a canonical name or ref_syntax', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.webPath()), (text) => {
      try {
        const name = parseSecretName(text)
        assert.equal(parseSecretName(name), name)
        assert.equal(parseSecretName(`local://${name.split('/').map(encodeURIComponent).join('/')}`), name)
        assert.ok(isSecretName(name))
        assert.ok(!name.split('/').some((part) => part === '' || part === '.' || part === '..'))
      } catch (thrown) {
        assert.ok(isLocketError(thrown) && thrown.code === 'ref_syntax')
      }
    }),
    { seed: 7, numRuns: 2000 },
  )
})
