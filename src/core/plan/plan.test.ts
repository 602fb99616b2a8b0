import assert from 'node:assert/strict'
import { posix } from 'node:path'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { isLocketError } from '../vocabulary/errors.ts'
import { planFiles, type RequestedFile } from './plan.ts'

function file(name: string, origin = `driver option secret.${name}`): RequestedFile {
  return { name, origin, source: { kind: 'inline', template: 'canary' } }
}

function refusal(...files: RequestedFile[]): string {
  try {
    planFiles(files)
  } catch (thrown) {
    if (isLocketError(thrown) && thrown.code === 'plan_conflict') return thrown.message
    throw thrown
  }
  throw new assert.AssertionError({ message: 'nothing was refused' })
}

test('plain names, dotted names and folders are planned as written, in their order', () => {
  const names = [
    'db_password',
    'certs/tls.key',
    'certs/tls.crt',
    '.pgpass',
    '..data',
    'a...b',
    'with space',
    'clé/ключ',
    '-rf',
    'a\\b',
  ]
  assert.deepEqual(
    planFiles(names.map((name) => file(name))).map((planned) => planned.path),
    names,
  )
  assert.deepEqual(planFiles([]), [])
})

test('a name that leaves the volume, or is not a plain path, is refused with its origin', () => {
  const table: [string, RegExp][] = [
    ['', /is empty/],
    ['/etc/passwd', /must be relative/],
    ['..', /must not hold "\.\."/],
    ['.', /must not hold "\."/],
    ['../x', /must not hold "\.\."/],
    ['a/../../x', /must not hold "\.\."/],
    ['a/./b', /must not hold "\."/],
    ['a//b', /has an empty part/],
    ['a/', /has an empty part/],
    ['a\0b', /holds a control character/],
    ['a\nb', /holds a control character/],
    ['a\u007f', /holds a control character/],
    ['a\u0085', /holds a control character/],
    ['a\ud800', /holds a control character/],
    ['x'.repeat(256), /has a part longer than 255 bytes/],
    ['é'.repeat(128), /has a part longer than 255 bytes/],
    ['abcdefg/'.repeat(400), /is longer than 3072 bytes/],
  ]
  for (const [name, reason] of table) {
    const message = refusal(file(name, 'driver option secret.X'))
    assert.match(message, reason)
    assert.match(message, /^driver option secret\.X: file name "/)
    assert.ok(message.length < 250, message)
  }
})

test('the longest names that are allowed are planned', () => {
  const longest = `${'x'.repeat(255)}/`.repeat(12).slice(0, -1)
  assert.equal(new TextEncoder().encode(longest).byteLength, 3071)
  assert.equal(planFiles([file(longest)])[0]?.path, longest)
})

test('one path from two sources names both', () => {
  assert.equal(
    refusal(file('a', '--secret'), file('b'), file('a', 'driver option secret.a')),
    '"a" comes from --secret and from driver option secret.a',
  )
})

test('names that look alike are one path', () => {
  assert.match(
    refusal(file('cl\u00e9', 'first'), file('cle\u0301', 'second')),
    /comes from first and from second$/,
  )
})

test('a file where another needs a folder names both, in either order', () => {
  const expected = 'one makes "a" a file, two needs it as a folder'
  assert.equal(refusal(file('a', 'one'), file('a/b/c', 'two')), expected)
  assert.equal(refusal(file('a/b/c', 'two'), file('a', 'one')), expected)
  assert.equal(
    refusal(file('x/a', 'one'), file('x/a/b', 'two')),
    'one makes "x/a" a file, two needs it as a folder',
  )
})

test('a name that only begins like another is not a conflict', () => {
  assert.equal(planFiles([file('a'), file('ab/c'), file('a.b')]).length, 3)
})

test('all problems are in one error', () => {
  const message = refusal(
    file('..', 'one'),
    file('a', 'two'),
    file('a', 'three'),
    file('a/b', 'four'),
    file('/', 'five'),
  )
  assert.equal(message.split('; ').length, 4)
  for (const origin of ['one', 'two', 'three', 'four', 'five']) assert.match(message, new RegExp(origin))
})

test('planned files stay inside the volume and never collide, for any names', () => {
  const segment = fc.oneof(
    fc.constantFrom('', '.', '..', '...', 'a', 'b', 'a\0', '\u2024\u2024', '\\'),
    fc.string({ unit: 'binary', maxLength: 4 }),
  )
  const name = fc.array(segment, { minLength: 1, maxLength: 5 }).map((segments) => segments.join('/'))
  const root = '/run/volume/data'
  let accepted = 0
  fc.assert(
    fc.property(fc.array(name, { maxLength: 4 }), (names) => {
      const planned = attempt(names.map((text) => file(text)))
      if (planned === undefined) return
      accepted += planned.length
      const paths = planned.map((entry) => entry.path)
      for (const path of paths) {
        assert.equal(posix.resolve(root, path), `${root}/${path}`)
        assert.ok(!paths.some((other) => other.startsWith(`${path}/`)))
      }
      assert.equal(new Set(paths).size, paths.length)
    }),
    { seed: 20261122, numRuns: 2000 },
  )
  assert.ok(accepted > 100, `only ${accepted} names were accepted`)
})

function attempt(files: RequestedFile[]): ReturnType<typeof planFiles> | undefined {
  try {
    return planFiles(files)
  } catch (thrown) {
    if (isLocketError(thrown) && thrown.code === 'plan_conflict') return undefined
    throw thrown
  }
}
