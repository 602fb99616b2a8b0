import assert from 'node:assert/strict'
import { test } from 'node:test'
import { apply, failure } from '../../../test/support/apply-filter.ts'
import { shell } from './shell.ts'

test('shell makes one word in single quotes', () => {
  const table: [string, string][] = [
    ['', `''`],
    ['plain', `'plain'`],
    ['a b$c`d"e\\', `'a b$c\`d"e\\'`],
    [`it's`, `'it'\\''s'`],
    [`''`, `''\\'''\\'''`],
    ['two\nlines', `'two\nlines'`],
    ['clé', `'clé'`],
  ]
  for (const [value, word] of table) assert.equal(apply(shell, value), word)
})

test('bytes of any encoding pass, a NUL is refused', () => {
  assert.deepEqual(
    shell.apply(Uint8Array.of(0xff, 0x27), [], { nowMs: 0 }),
    Uint8Array.of(0x27, 0xff, 0x27, 0x5c, 0x27, 0x27, 0x27),
  )
  assert.match(failure(shell, 'CANARY\0'), /^the value holds a NUL byte/)
})
