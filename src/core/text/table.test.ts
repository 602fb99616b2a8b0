import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tableLines } from './table.ts'

const cells = (...texts: string[]) => texts.map((text) => ({ text }))

test('columns are as wide as their widest cell, numbers are aligned to the right', () => {
  const rows = [cells('NAME', 'BYTES', 'SET'), cells('db/password', '7', ''), cells('a', '12345', 'x')]
  assert.deepEqual(tableLines(rows, { right: [1] }), [
    'NAME         BYTES  SET',
    'db/password      7',
    'a            12345  x',
  ])
})

test('a cell beyond the limit widens nothing, and colours do not count', () => {
  const rows = [
    [{ text: 'ok', paint: (text: string) => `<${text}>` }, { text: '1 ms' }],
    cells('a long error', '2 ms'),
  ]
  assert.deepEqual(tableLines(rows, { widest: 4 }), ['<ok>  1 ms', 'a long error  2 ms'])
  assert.deepEqual(tableLines([]), [])
})
