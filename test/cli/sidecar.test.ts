import assert from 'node:assert/strict'
import { test } from 'node:test'
import { COMMANDS } from '../../src/cli/index.ts'
import { wordsOfSidecar } from '../../src/cli/sidecar.ts'

test('the entry point of the image is `locket inject`, and every other command by its name', () => {
  const cases: [string, string][] = [
    ['', 'inject'],
    ['--map=/a:/b --mode one-shot', 'inject --map=/a:/b --mode one-shot'],
    ['--help', 'inject --help'],
    ['inject --map=/a:/b', 'inject --map=/a:/b'],
    ['secret set db/password', 'secret set db/password'],
    ['--version', '--version'],
    ['help secret', 'help secret'],
    ['secrets', 'inject secrets'],
  ]
  for (const [line, expected] of cases) {
    const words = line === '' ? [] : line.split(' ')
    assert.equal(wordsOfSidecar(words, '/locket/bin/sidecar', COMMANDS)?.join(' '), expected, line)
    for (const path of ['/locket/bin/locket', 'locket', '/sidecar/locket', ''])
      assert.equal(wordsOfSidecar(words, path, COMMANDS), undefined, path)
  }
})
