import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readFileSync } from 'node:fs'
import { EVENTS } from '../../src/core/vocabulary/events.ts'
import { codeOf, program, texts } from './source.ts'

/** Where a secret's bytes are taken out of their wrapper. This list is the security review. */
const REVEALS: readonly string[] = [
  'src/app/init/write.ts',
  'src/app/sinks/environment.ts',
  'src/cli/export.ts',
  'src/cli/terminal/print-value.ts',
  'src/core/blind/swap.ts',
  'src/core/broker/answer-body.ts',
  'src/core/broker/sealed/rsa.ts',
  'src/core/keys/derive.ts',
  'src/core/last-known-good/sealed-value.ts',
  'src/core/template/render.ts',
  'src/core/text/printed-forms.ts',
  'src/core/vocabulary/fields.ts',
  'src/core/vocabulary/fingerprint.ts',
  'src/host/files/staged-file.ts',
  'src/http/docker/secret-provider.ts',
  'src/http/sikkerkey/bodies.ts',
  'src/providers/instance.ts',
  'src/providers/lib/aws/sign.ts',
  'src/providers/lib/login/credential.ts',
  'src/providers/local/document.ts',
]

/** The last one is a text that runs in browsers. */
const TOUCHES_THE_MACHINE =
  /^src\/(main\.ts|run\.ts|sdk-worker\.ts|host\/|http\/dashboard\/assets\/script\.ts)/
const MACHINE = /\bprocess\.|\bDate\.now\(|\bset(Timeout|Interval)\(|\bMath\.random\(|\bconsole\./

test('R5: only main.ts, run.ts and host/ touch the process, the clock and the console', () => {
  for (const path of program) {
    if (!TOUCHES_THE_MACHINE.test(path)) assert.doesNotMatch(codeOf(path), MACHINE, path)
  }
})

test('R6: a secret is revealed in few places, all of them known', () => {
  assert.deepEqual(
    program.filter((path) => codeOf(path).includes('.reveal(')),
    REVEALS,
  )
})

test('R9: no test replaces a module', () => {
  const method = ['mock', 'module'].join('.')
  for (const [path, text] of texts) assert.ok(!text.includes(`${method}(`), path)
})

test('R13: no exported name is used for two things', () => {
  const owners = new Map<string, Set<string>>()
  for (const path of program) {
    const found = codeOf(path).matchAll(
      /^export (?:async )?(?:function\*?|interface|type|const|let|class) (\w+)/gm,
    )
    for (const [, name = ''] of found) owners.set(name, (owners.get(name) ?? new Set()).add(path))
  }
  const twice = [...owners].filter(([name, paths]) => paths.size > 1 && name !== 'command')
  assert.deepEqual(
    twice.map(([name, paths]) => `${name}: ${[...paths].join(', ')}`),
    [],
  )
})

/** Files that read the message of a library's error, because the library has no code for it. */
const READS_FOREIGN_MESSAGES: readonly string[] = [
  'src/config/layers/toml-syntax.ts',
  'src/providers/lib/age/age-key.ts',
  'src/providers/op/sdk-failures.ts',
]

test('R14: no message of an error is taken apart again: facts say what it is about', () => {
  const parse = /\b(?:message|reason)\.(?:startsWith|endsWith|includes|slice|split|replace|match)\(/
  assert.deepEqual(
    program.filter((path) => parse.test(codeOf(path))),
    READS_FOREIGN_MESSAGES,
  )
})

test('R14: an error whose reason names its provider is a providerError', () => {
  const named = /new LocketError\(\s*[^,()]+,\s*`\$\{(?:who|provider|instance|title)\b/
  assert.deepEqual(
    program.filter((path) => path.startsWith('src/providers/') && named.test(texts.get(path) ?? '')),
    [],
  )
})

test('R15: every event is emitted somewhere, and is in the reference', () => {
  const emitting = program.filter((path) => !path.startsWith('src/core/vocabulary/event'))
  const code = emitting.map((path) => texts.get(path) ?? '').join('\n')
  const page = readFileSync('docs/reference/events.md', 'utf8')
  const lost = Object.entries(EVENTS).filter(
    ([name, { printedAs = name }]) => !code.includes(`'${name}'`) || !page.includes(`| \`${printedAs}\` |`),
  )
  assert.deepEqual(
    lost.map(([name]) => name),
    [],
  )
})
