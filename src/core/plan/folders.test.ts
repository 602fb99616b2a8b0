import assert from 'node:assert/strict'
import { test } from 'node:test'
import { foldersOf } from './folders.ts'

test('folders come parents first and once', () => {
  assert.deepEqual(foldersOf(['a/b/c', 'a/b/d', 'e', 'a/f/g']), ['a', 'a/b', 'a/f'])
})
