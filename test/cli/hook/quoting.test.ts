import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { HOOKED_SHELLS, hookCode } from '../../../src/cli/hook/shells.ts'
import { AWKWARD, awkwardValue } from '../../support/awkward-values.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { SHELL_NAMES } from './hook-world.ts'

const VALUES = [...AWKWARD, ...fc.sample(awkwardValue, { numRuns: 300, seed: 7 })]
const PRINT = `'${process.execPath}' -e 'console.log(JSON.stringify(process.env))'`
const STATE = '0'.repeat(32)

for (const name of SHELL_NAMES) {
  test(`${name} sets every value unchanged, and takes it away again`, async (t) => {
    const folder = await temporaryFolder(t)
    const shell = HOOKED_SHELLS.get(name) ?? assert.fail(name)
    const variables = new Map(VALUES.map((value, index) => [`V${index}`, value]))
    // fish splits the variables with this ending at colons, and joins them for programs.
    variables.set('SOME_PATH', 'a:b::c')
    const script = join(folder, 'script')
    const option = name === 'zsh' ? 'setopt rc_quotes csh_junkie_quotes ksh_arrays sh_word_split\n' : ''
    await writeFile(join(folder, 'code'), hookCode(shell, STATE, variables))
    await writeFile(join(folder, 'locket'), `#!/bin/sh\nexec cat '${folder}/code'\n`, { mode: 0o755 })
    await writeFile(
      script,
      [option, shell.script, '__locket_hook', PRINT, '__locket_leave', PRINT].join('\n'),
    )
    const words = { bash: ['bash', '--norc'], zsh: ['zsh', '-f'], fish: ['fish', '--no-config'] }[name]
    const [program = '', ...flags] = words
    const env = { PATH: `${folder}:${process.env['PATH']}`, HOME: folder, V1: 'before' }
    const printed = execFileSync(program, [...flags, script], { env, encoding: 'utf8' })
    const [inside, outside] = printed
      .trim()
      .split('\n')
      .map((line): Record<string, string> => JSON.parse(line))
    for (const [key, value] of variables)
      assert.equal(inside?.[key], value, `${key} ${JSON.stringify(value)}`)
    const left = Object.keys(outside ?? {}).filter((key) => variables.has(key) || key === 'LOCKET_HOOK')
    assert.deepEqual(left, ['V1'])
    assert.equal(outside?.['V1'], 'before')
  })
}
