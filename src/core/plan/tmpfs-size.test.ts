import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { inodesNeeded, sizeNeeded } from './tmpfs-size.ts'

const sized = (path: string, byteLength = 1): { path: string; content: { byteLength: number } } => ({
  path,
  content: { byteLength },
})

test('each file takes whole pages, an empty one none', () => {
  assert.equal(sizeNeeded([]), 0)
  assert.equal(sizeNeeded([sized('a', 0)]), 0)
  assert.equal(sizeNeeded([sized('a', 1), sized('b', 4096), sized('c', 4097)]), 4 * 4096)
  assert.equal(sizeNeeded([sized('a', 1)], 65_536), 65_536)
})

test('inodes are counted for files, folders, the root, data and stage', () => {
  assert.equal(inodesNeeded([]), 3)
  assert.equal(inodesNeeded([sized('a'), sized('b/c'), sized('b/d/e')]), 3 + 3 + 2)
})

test('the size is at least the bytes, and at most one page more for each file', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(100_000)), (lengths) => {
      const bytes = lengths.reduce((sum, length) => sum + length, 0)
      const needed = sizeNeeded(lengths.map((length, index) => sized(`f${index}`, length)))
      assert.ok(needed >= bytes && needed < bytes + 4096 * lengths.length + 1)
    }),
  )
})
