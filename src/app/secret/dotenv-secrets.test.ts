import assert from 'node:assert/strict'
import { test } from 'node:test'
import { secretsOf } from './dotenv-secrets.ts'

test('each variable becomes a secret below the prefix, the last of a name wins', () => {
  const values = secretsOf(
    [
      { name: 'USER', value: 'first', line: 1 },
      { name: 'PASS.WORD', value: '', line: 2 },
      { name: 'USER', value: 'second', line: 3 },
    ],
    'db/',
  )
  const texts = [...values].map(([name, value]) => [name, new TextDecoder().decode(value.reveal())])
  assert.deepEqual(texts, [
    ['db/USER', 'second'],
    ['db/PASS.WORD', ''],
  ])
})

test('nothing to import and a prefix that makes no name are errors', () => {
  assert.throws(() => secretsOf([], ''), { code: 'usage' })
  assert.throws(() => secretsOf([{ name: 'A', value: 'x', line: 1 }], '/'), { code: 'ref_syntax' })
})
