import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { isLocketError } from '../../core/vocabulary/errors.ts'
import {
  formatBaoReference,
  formatSecret,
  mappedBaoReference,
  parseBaoReference,
  secretOfKey,
} from './refs.ts'

test('the first part is the mount, the last one the field, and all between them the path', () => {
  const expected = { mount: ['kv'], path: ['app', 'db'], field: 'password' }
  assert.deepEqual(parseBaoReference('bao://kv/app/db/password'), expected)
  assert.deepEqual(parseBaoReference('vault://kv/app%2Fdb/password'), expected)
})

test('an encoded slash makes a mount of several words, or is part of a field', () => {
  const expected = { mount: ['team', 'kv'], path: ['app'], field: 'a/b?#%' }
  assert.deepEqual(parseBaoReference('bao://team%2Fkv/app/a%2Fb%3F%23%25'), expected)
})

test('options follow the question mark; settings apply if the reference has none', () => {
  assert.deepEqual(parseBaoReference('bao://m/p/f?version=12'), {
    mount: ['m'],
    path: ['p'],
    field: 'f',
    version: 12,
    kv: 2,
  })
  assert.equal(parseBaoReference('bao://m/p/f?kv=1', 2)?.kv, 1)
  assert.equal(parseBaoReference('bao://m/p/f', 1)?.kv, 1)
  assert.equal(parseBaoReference('bao://m/p/f?version=1', 1)?.kv, 2)
})

test('a message names the problem and the probable name', () => {
  const says = (text: string, message: RegExp, hint: RegExp) =>
    assert.throws(
      () => parseBaoReference(text),
      (thrown) => isLocketError(thrown) && message.test(thrown.message) && hint.test(thrown.hint ?? ''),
      text,
    )
  says(
    'bao://m/p/f?versoin=1',
    /^bao:\/\/m\/p\/f\?versoin=1 has an unknown option$/,
    /did you mean version=…/,
  )
  says('bao://m/p/why?/f', /unknown option/, /%3F/)
  says('bao://m/p/f#1', /has a # in it/, /%23/)
  says('bao://m/f', /has 2 parts/, /expected bao:\/\/mount\/path\/field/)
  says('vault:/m/p/f', /is malformed/, /expected/)
})

test('a reference with wrong slashes is malformed; other text is not a reference', () => {
  for (const text of ['bao:/m/p/f', 'VAULT:///m/p/f'])
    assert.throws(() => parseBaoReference(text), /malformed/)
  for (const text of ['bao:', 'vault:secret/data/x#y', 'baos://m/p/f', ' bao://m/p/f'])
    assert.equal(parseBaoReference(text), undefined)
})

test('formatting and parsing restore any parts', () => {
  const word = fc
    .string({ unit: 'binary', minLength: 1 })
    .filter((text) => text.trim() !== '' && !/\p{Cc}/u.test(text) && text !== '.' && text !== '..')
  const segment = word.filter((text) => !text.includes('/') && !text.endsWith('.'))
  const parts = fc.record(
    {
      mount: fc.array(segment, { minLength: 1, maxLength: 3 }),
      path: fc.array(segment, { minLength: 1, maxLength: 3 }),
      field: word,
    },
    { noNullPrototype: true },
  )
  const options = fc.constantFrom({}, { kv: 1 }, { kv: 2 }, { kv: 2, version: 7 })
  fc.assert(
    fc.property(parts, options, (given, more) => {
      const reference = { ...given, ...(more as { kv: 2; version: number }) }
      assert.deepEqual(parseBaoReference(formatBaoReference(reference)), reference)
    }),
    { seed: 1, numRuns: 300 },
  )
})

test('any text is other text, a reference, or ref_syntax', () => {
  const text = fc.oneof(
    fc.string(),
    fc.string().map((rest) => `bao://${rest}`),
    fc.string().map((rest) => `vault://m/p/f?${rest}`),
    fc.string({ unit: fc.constantFrom('/', '.', '%2F', '%2E', 'a', '%') }).map((rest) => `bao://m/${rest}/f`),
  )
  fc.assert(
    fc.property(text, (written) => {
      try {
        const reference = parseBaoReference(written)
        assert.equal(reference === undefined, !/^(bao|vault):\/\//i.test(written))
        if (reference === undefined) return
        assert.deepEqual(parseBaoReference(formatBaoReference(reference)), reference)
        // The path cannot leave its place in a URL.
        const path = [...reference.mount, ...reference.path].map(encodeURIComponent).join('/')
        assert.equal(new URL(`http://host/v1/${path}`).pathname.split('/').length, path.split('/').length + 2)
      } catch (thrown) {
        assert.ok(isLocketError(thrown) && thrown.code === 'ref_syntax', String(thrown))
      }
    }),
    { seed: 2, numRuns: 2000 },
  )
})

test('?whole means the secret without a field, and formatting keeps it', () => {
  const expected = { mount: ['kv'], path: ['app'], field: '', isWhole: true }
  assert.deepEqual(parseBaoReference('bao://kv/app?whole'), expected)
  const text = 'bao://kv/app/db?whole&kv=1'
  const reference = parseBaoReference(text)
  assert.equal(reference === undefined ? '' : formatBaoReference(reference), text)
  assert.throws(() => parseBaoReference('bao://kv?whole'), /has 1 part/)
  assert.throws(() => parseBaoReference('bao://kv/app?whole=yes'), /has a value for whole/)
})

test('a path of the API and a field become a reference', () => {
  for (const [ref, field, reference] of [
    ['secret/data/prod/db/url', undefined, 'bao://secret/prod/db/url?whole&kv=2'],
    ['secret/data/prod/db', 'url', 'bao://secret/prod/db/url?kv=2'],
    ['/team/kv/data/db', 'a/b', 'bao://team%2Fkv/db/a%2Fb?kv=2'],
    ['kv1/db', 'p}}|x', 'bao://kv1/db/p%7D%7D%7Cx'],
    ['data/app', undefined, 'bao://data/app?whole'],
  ] as const)
    assert.equal(mappedBaoReference(ref, field), reference)
})

test('the fields of one secret have one text in common, and other secrets another', () => {
  const texts = [
    'bao://a/b/c',
    'bao://a/b/d?kv=1',
    'bao://a/b/*',
    'bao://a/b?whole',
    'bao://a/b/x%2Fy?version=2',
  ]
  for (const text of [...texts, 'bao://a/b%3Fc/d', 'bao://a%2Fz/b/c/d']) {
    const reference = parseBaoReference(text)
    assert.ok(reference !== undefined)
    assert.equal(secretOfKey(formatBaoReference(reference)), formatSecret(reference))
  }
})
