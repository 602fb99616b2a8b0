import { spawnSync } from 'node:child_process'
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Module } from './modules.ts'
import { packedFiles, PROGRAM, type Packed } from './pack.ts'
import { EXEC, storeIn } from './samples.ts'

/**
 * Moves the modules that a sample runs into files of their own, because V8 reads the compiled code of a file
 * as a whole. A module is in the file of the first sample that runs it. `main.cjs` keeps what it has.
 * `natives`: the folder of koffi's native part for this machine, whichever the build is for.
 */
export async function packBySamples(packed: Packed, natives: string): Promise<Packed> {
  const scratch = mkdtempSync(join(tmpdir(), 'locket-record-'))
  try {
    const app = join(scratch, 'lib/app')
    const log = join(scratch, 'log')
    mkdirSync(app, { recursive: true })
    cpSync(natives, join(scratch, 'build/koffi', `linux_${process.arch}`), { recursive: true })
    copyFileSync(new URL('../../plugin/start.cjs', import.meta.url), join(scratch, 'lib/start.cjs'))
    const modules = packed.modules.map((module) => recorded(module, log))
    for (const { file, text } of await packedFiles({ ...packed, modules }))
      writeFileSync(join(app, file), text)
    const run = (words: readonly string[]): readonly string[] => runSample(scratch, log, words)
    const store = storeIn(scratch)
    run(['secret', 'set', 'a', '--file', store.value, ...store.flags])
    const samples = [
      { file: 'exec.cjs', words: ['exec', '-e', 'A=b', '--', '/bin/true'] },
      { file: 'local.cjs', words: [...EXEC, ...store.flags, '--', '/bin/true'] },
    ]
    const places = new Map(packed.places)
    const isMoved = new Set<string>()
    for (const { file, words } of samples)
      for (const name of run(words))
        if (places.get(name) !== PROGRAM && !isMoved.has(name)) {
          places.set(name, file)
          isMoved.add(name)
        }
    return { ...packed, places }
  } finally {
    rmSync(scratch, { recursive: true })
  }
}

/** The module writes its name when it runs: `exec` has no end at which a list could be written. */
function recorded(module: Module, log: string): Module {
  const words = [log, `${module.name}\n`].map((word) => JSON.stringify(word)).join(', ')
  return { ...module, body: `process.getBuiltinModule('fs').appendFileSync(${words});\n${module.body}` }
}

/** The modules that the program ran. The environment is the same for everybody who builds. */
function runSample(scratch: string, log: string, words: readonly string[]): readonly string[] {
  writeFileSync(log, '')
  const program = ['--disable-sigusr1', '--', join(scratch, 'lib/start.cjs')]
  const options = { cwd: scratch, env: { PATH: '/usr/bin:/bin' }, encoding: 'utf8' as const }
  const { status, stderr } = spawnSync(process.execPath, [...program, ...words], options)
  if (status !== 0) throw new Error(`locket ${words.join(' ')} ended with ${status}: ${stderr}`)
  return readFileSync(log, 'utf8').trim().split('\n')
}
