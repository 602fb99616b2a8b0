import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { withRunpath } from '../../scripts/build/elf.ts'
import { icuDataOf, icuDataWith, isKept } from '../../scripts/build/icu.ts'
import { withEnglishOnly } from '../../scripts/build/less-icu.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const original = readFileSync(process.execPath)

test('a Node with English alone is a quarter smaller, and does what the program needs', async (t) => {
  const node = join(await temporaryFolder(t), 'node')
  const changed = withEnglishOnly(withRunpath(original, '$ORIGIN/../lib'))
  writeFileSync(node, changed, { mode: 0o755 })
  assert.ok(changed.length < 0.77 * withRunpath(original, '$ORIGIN/../lib').length)
  const script = `[
    'e\\u0301'.normalize('NFC').length,
    new TextDecoder('latin1').decode(Uint8Array.of(0x80, 0xe9)),
    new TextDecoder('utf-8').decode(Uint8Array.of(0xc3, 0xa9)),
    new TextDecoder('utf-16le').decode(Uint8Array.of(0xe9, 0)),
    new URL('http://b\\u00fccher.example/').host,
    /^\\p{Letter}+$/u.test('\\u00e9\\u4e2d'),
    'a'.localeCompare('B'),
    '\\u00c9'.toLowerCase(),
    new Date(0).toLocaleString('en', { timeZone: 'Europe/Berlin' }),
    new Date(0).toLocaleString('de', { timeZone: 'UTC' }),
    (1234.5).toLocaleString('zh-Hant'),
    Temporal.ZonedDateTime.from('2026-07-01T00:00[Europe/Berlin]').offset,
    Array.from(new Intl.Segmenter('th').segment('e\\u0301a')).length,
  ].join('|')`
  const env = { LANG: 'de_DE.UTF-8', LC_ALL: 'ja_JP.UTF-8' }
  const printed = execFileSync(node, ['-p', script], { env, encoding: 'utf8' }).trim().split('|')
  assert.equal(printed.slice(0, 8).join(' '), '1 €é é é xn--bcher-kva.example true -1 é')
  assert.match(printed[8] ?? '', /^1\/1\/1970, 1:00:00\sAM$/)
  assert.match(printed[9] ?? '', /1970/)
  assert.match(printed[10] ?? '', /1.?234.5/)
  assert.deepEqual(printed.slice(11), ['+02:00', '2'])
})

test('a table with all items has the bytes of each', () => {
  const { header, items } = icuDataOf(original)
  const some = items.filter(({ name }) => isKept(name))
  const again = icuDataOf(icuDataWith({ header, items: some }))
  assert.equal(again.items.length, some.length + 1)
  for (const [index, { name, bytes }] of some.entries()) {
    const copy = again.items[index]
    assert.equal(copy?.name, name)
    assert.ok(copy.bytes.subarray(0, bytes.length).equals(bytes), name)
  }
})

test('what is kept: English, what is for all languages, and the one encoding', () => {
  const kept = [
    'a/en.res',
    'a/root.res',
    'a/pool.res',
    'a/curr/en_US.res',
    'a/zoneinfo64.res',
    'a/res_index.res',
  ]
  for (const name of [...kept, 'a/uts46.nrm', 'a/ibm-5348_P100-1997.cnv']) assert.ok(isKept(name), name)
  const left = ['a/de.res', 'a/lang/zh_Hant_TW.res', 'a/ast.res', 'a/translit/root.res', 'a/unames.icu']
  for (const name of [...left, 'a/brkitr/cjdict.dict', 'a/euc-tw-2014.cnv']) assert.ok(!isKept(name), name)
})

test('an executable without that data, or with none to cut, is refused', () => {
  const none = Buffer.from(original)
  const { start } = icuDataOf(none)
  none.fill(0, start, start + 32)
  assert.throws(() => withEnglishOnly(none), /ICU's data is in the executable 0 times/)
  assert.throws(() => withEnglishOnly(Buffer.from('#!/bin/sh\n')), /not a 64-bit/)
  assert.throws(() => withEnglishOnly(withEnglishOnly(original)), /nothing to cut|no program header to spare/)
})
