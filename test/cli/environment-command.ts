import { spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { MAIN } from '../support/program.ts'

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

type Env = Readonly<Record<string, string>>

export interface EnvironmentWorld {
  readonly folder: string
  /** A file of the folder. Its path. */
  readonly put: (name: string, text: string) => Promise<string>
  /** A secret of the embedded store. */
  readonly store: (name: string, value: string) => Promise<void>
  /** `locket ARGS…` in that folder, as a process of its own. */
  readonly locket: (args: readonly string[], env?: Env) => Promise<Ended>
  /** Any other program there. */
  readonly run: (command: readonly string[], env?: Env) => Promise<Ended>
  /** The words that start locket. */
  readonly program: readonly string[]
  /** The environment of every program there. */
  readonly env: Env
}

/** An embedded store, and a folder to work in that goes with the test. */
export async function environmentWorld(t: TestContext): Promise<EnvironmentWorld> {
  const folder = await temporaryFolder(t)
  const base = {
    PATH: process.env['PATH'] ?? '',
    NODE_COMPILE_CACHE: join(tmpdir(), 'locket-compile-cache'),
    LOCKET_LOCAL_FILE: join(folder, 'store/secrets.age'),
    LOCKET_LOCAL_KEY: join(folder, 'store/local.key'),
  }
  const program = [process.execPath, '--', MAIN]
  const run = (command: readonly string[], env: Env = {}, input = '') =>
    ended(command, { folder, env: { ...base, ...env }, input })
  return {
    folder,
    program,
    env: base,
    async put(name, text) {
      await writeFile(join(folder, name), text)
      return join(folder, name)
    },
    async store(name, value) {
      const { code, stderr } = await run([...program, 'secret', 'set', name, '--stdin'], {}, value)
      if (code !== 0) throw new Error(stderr)
    },
    locket: (args, env) => run([...program, ...args], env),
    run,
  }
}

function ended(
  [program = '', ...args]: readonly string[],
  options: { readonly folder: string; readonly env: Env; readonly input: string },
): Promise<Ended> {
  const { promise, resolve, reject } = Promise.withResolvers<Ended>()
  const child = spawn(program, args, { cwd: options.folder, env: options.env, timeout: 50_000 })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  child.stdin.on('error', () => undefined)
  child.once('error', reject)
  child.once('close', (code) => resolve({ code, stdout, stderr }))
  child.stdin.end(options.input)
  return promise
}
