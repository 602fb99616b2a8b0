import assert from 'node:assert/strict'
import { test } from 'node:test'
import { splitList } from './env.ts'

const CASES: readonly [string, string, readonly string[]][] = [
  ['nothing', '', []],
  ['one entry', 'a=1', ['a=1']],
  ['two entries', 'a=1,b=2', ['a=1', 'b=2']],
  ['a space after the comma', 'a={{ x }}, b={{ y }}', ['a={{ x }}', 'b={{ y }}']],
  ['names with folders and dots', 'a=1,tls/key.pem=2,.env=3', ['a=1', 'tls/key.pem=2', '.env=3']],
  ['a comma of a template', 'a=x, y and z,b=2', ['a=x, y and z', 'b=2']],
  ['a comma in a tag', 'a={{ op://v/i,b=c/f }},d=1', ['a={{ op://v/i,b=c/f }}', 'd=1']],
  ['a tag that nobody closes', 'a={{ x,b=2', ['a={{ x', 'b=2']],
  ['files', 'a=@/x,@/y,/z', ['a=@/x', '@/y', '/z']],
  ['paths', '/a,/b', ['/a', '/b']],
  ['a comma before what is no entry', 'a=1,b', ['a=1,b']],
  ['newlines win', 'a=1,b=2\nc=3\n\n  d=4  \r\n', ['a=1,b=2', 'c=3', 'd=4']],
  ['a trailing comma is text', 'a=1,', ['a=1,']],
]

for (const [what, text, expected] of CASES) {
  test(`a list in one text: ${what}`, () => {
    assert.deepEqual(splitList(text), expected)
  })
}

test('a long text of commas is split in good time', () => {
  const start = performance.now()
  assert.equal(splitList(`a=${','.repeat(200_000)}`).length, 1)
  assert.ok(performance.now() - start < 2000)
})
