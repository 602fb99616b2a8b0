import assert from 'node:assert/strict'
import { test } from 'node:test'
import { codeOf, program, texts } from './source.ts'

/** Where a secret's bytes are taken out of their wrapper. This list is the security review. */
const REVEALS: readonly string[] = [
  'src/app/sinks/environment.ts',
  'src/cli/export.ts',
  'src/cli/terminal/print-value.ts',
  'src/core/template/render.ts',
  'src/core/text/printed-forms.ts',
  'src/core/vocabulary/fingerprint.ts',
  'src/host/files/staged-file.ts',
  'src/providers/instance.ts',
  'src/providers/lib/login/credential.ts',
  'src/providers/local/document.ts',
]

const TOUCHES_THE_MACHINE = /^src\/(main\.ts|run\.ts|sdk-worker\.ts|host\/)/
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

test('R13: no exported name stands for two things', () => {
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
