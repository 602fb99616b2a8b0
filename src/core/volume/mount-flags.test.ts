import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { isLocketError } from '../vocabulary/errors.ts'
import { bitsOfMounted, parseMountFlags, parseSelinuxContext } from './mount-flags.ts'

const SAFE = 2 | 4 | 8

const rows: readonly (readonly [string, number, boolean])[] = [
  ['', SAFE, false],
  ['rw', SAFE, false],
  ['rw,noexec,nosuid,nodev', SAFE, false],
  ['ro', SAFE, true],
  ['ro,rw', SAFE, false],
  ['exec', 2 | 4, false],
  ['suid', 4 | 8, false],
  ['dev', 2 | 8, false],
  ['exec,noexec', SAFE, false],
  ['noexec,exec', 2 | 4, false],
  ['noatime', SAFE | 1024, false],
  ['noatime,relatime', SAFE | (1 << 21), false],
  ['relatime,strictatime', SAFE | (1 << 24), false],
  ['nodiratime', SAFE | 2048, false],
  ['nodiratime,diratime', SAFE, false],
  ['sync,dirsync', SAFE | 16 | 128, false],
  ['sync,async', SAFE, false],
]

for (const [flags, bits, readOnly] of rows) {
  test(`flags ${flags || '(none)'}`, () => {
    assert.deepEqual(parseMountFlags(flags === '' ? [] : flags.split(',')), { bits, readOnly })
  })
}

test('an unknown flag is a config error that names it and the known ones', () => {
  for (const word of ['noexce', 'size=0', 'constructor', '__proto__', '', 'NOEXEC', 'defaults']) {
    assert.throws(
      () => parseMountFlags([word]),
      (error) =>
        isLocketError(error) &&
        error.code === 'config' &&
        error.message.includes(JSON.stringify(word)) &&
        /noexec/.test(error.hint ?? ''),
    )
  }
})

test('nosuid, nodev and noexec are set unless their opposite is named', () => {
  const words = fc.constantFrom(
    'rw',
    'ro',
    'exec',
    'suid',
    'dev',
    'noexec',
    'nosuid',
    'nodev',
    'noatime',
    'relatime',
    'sync',
  )
  fc.assert(
    fc.property(fc.array(words), (flags) => {
      const { bits } = parseMountFlags(flags)
      for (const [opposite, bit] of [
        ['suid', 2],
        ['dev', 4],
        ['exec', 8],
      ] as const) {
        if (!flags.includes(opposite)) assert.ok(bits & bit)
      }
    }),
  )
})

test('the bits of a mount are read from its mountinfo options', () => {
  assert.equal(bitsOfMounted(['rw', 'nosuid', 'nodev', 'relatime', 'size=3']), 2 | 4 | (1 << 21))
  assert.equal(bitsOfMounted([]), 0)
})

test('a SELinux context with a character that ends an option is refused', () => {
  assert.equal(
    parseSelinuxContext('system_u:object_r:container_file_t:s0:c1,c2'),
    'system_u:object_r:container_file_t:s0:c1,c2',
  )
  for (const text of ['', 'a b', 'a"', "a'", 'a\\', 'a\n', 'x'.repeat(257)]) {
    assert.throws(
      () => parseSelinuxContext(text),
      (error) => isLocketError(error) && error.code === 'config',
    )
  }
})
