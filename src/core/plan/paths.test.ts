import assert from 'node:assert/strict'
import { posix } from 'node:path'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { parentFolders, liesUnder, normalizePath } from './paths.ts'

test('a path is normalized by its text', () => {
  const segment = fc.constantFrom('a', 'b.c', '..', '.', '', '...', 'etc')
  fc.assert(
    fc.property(fc.array(segment, { maxLength: 8 }), (segments) => {
      const path = `/${segments.join('/')}`
      assert.equal(normalizePath(path), posix.resolve(path))
    }),
  )
})

test('a path is under a folder that is one of its parents or itself', () => {
  const cases: [string, string, boolean][] = [
    ['/etc/locket/a', '/etc/locket', true],
    ['/etc/locket', '/etc/locket', true],
    ['/etc/locket2/a', '/etc/locket', false],
    ['/etc', '/etc/locket', false],
    ['/anything', '/', true],
  ]
  for (const [path, folder, expected] of cases) assert.equal(liesUnder(path, folder), expected, path)
})

test('folders come parents first and once', () => {
  assert.deepEqual(parentFolders(['a/b/c', 'a/b/d', 'e', 'a/f/g']), ['a', 'a/b', 'a/f'])
})
