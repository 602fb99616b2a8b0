import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { parse } from 'smol-toml'
import { COMMANDS } from '../../src/cli/index.ts'
import { schemaText } from '../../src/cli/mapping/schema.ts'

const accepts = new Ajv2020({ strict: true, allowUnionTypes: true, strictTypes: false }).compile(
  JSON.parse(await schemaText(COMMANDS)),
)

function problemOf(text: string): string {
  return accepts(parse(text)) ? '' : JSON.stringify(accepts.errors)
}

test('the schema takes the sample file with every setting in use', () => {
  const sample = readFileSync('plugin/locket.toml', 'utf8')
  const used = sample.replace(/^#(?=[a-z[])/gm, '')
  assert.notEqual(used, sample)
  assert.equal(problemOf(used), '')
})

test('the schema takes each way to write a variable', () => {
  const text = `[secrets]
A = "{{ op://v/i/f }}"
B = { provider = "vault", ref = "secret/data/a", field = "b" }
C = { resolver = "aws", ref = "sm://x", allow_empty = true }
[production.secrets]
A = "op://v/i/f"
[providers.second]
kind = "vault"
bao-url = "https://vault.example.com"
[exec]
env = ["A=1"]
[[inject.map]]
source = "a"
dest = "b"
`
  assert.equal(problemOf(text), '')
})

test('the schema refuses misspelled names and wrong types', () => {
  for (const text of [
    '[volum]\nsize = "1M"',
    '[volume]\nsizes = "1M"',
    '[volume]\nwatch = "maybe"',
    '[secrets]\nA = 1',
    '[secrets]\n"A B" = "x"',
    '[secrets]\nA = { provider = "vault", ref = "x", feild = "y" }',
    '[providers.a]\nkind = "valut"',
    '[providers.a]\nkind = "bao"\nconnect-host = "x"',
    '[production]\nA = "x"',
  ])
    assert.notEqual(problemOf(text), '', text)
})
