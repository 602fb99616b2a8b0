import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { parseMountinfo } from './mountinfo.ts'

test('a line is read with and without optional fields', () => {
  const text = [
    '36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 shared:2 - ext3 /dev/root rw,errors=continue',
    '42 27 0:39 / /run/volumes/db rw,nosuid - tmpfs locket rw,size=1024k',
    '',
  ].join('\n')
  assert.deepEqual(parseMountinfo(text), [
    {
      mountPoint: '/mnt2',
      fsType: 'ext3',
      options: ['rw', 'noatime'],
      superOptions: ['rw', 'errors=continue'],
    },
    {
      mountPoint: '/run/volumes/db',
      fsType: 'tmpfs',
      options: ['rw', 'nosuid'],
      superOptions: ['rw', 'size=1024k'],
    },
  ])
})

test('any name comes out as it went in, escaped as the kernel does', () => {
  const escape = (name: string): string =>
    name.replace(/[ \t\n\\]/g, (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`)
  const name = fc.string({
    unit: fc.constantFrom(' ', '\t', '\n', '\\', '-', '0', '4', 'a', 'ü', '/', ','),
    maxLength: 20,
  })
  fc.assert(
    fc.property(fc.array(name), (names) => {
      const text = names
        .map((one) => `42 27 0:39 / /${escape(one)} rw shared:1 - tmpfs a\\040b rw,size=1k\n`)
        .join('')
      assert.deepEqual(
        parseMountinfo(text).map((entry) => entry.mountPoint),
        names.map((one) => `/${one}`),
      )
    }),
  )
})

test('no text at all makes it throw', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom(' ', '-', '\\', '7', '\n', 'x', ',') }),
      (text) => void parseMountinfo(text),
    ),
  )
})
