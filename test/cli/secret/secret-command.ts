import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { MAIN } from '../../support/program.ts'

export interface Ended {
  readonly code: number | null
  readonly stdout: Buffer
  readonly stderr: string
}

export interface SecretCommand {
  readonly dir: string
  readonly file: string
  readonly key: string
  /** `locket secret ARGS…` as a process of its own; `input` is its standard input. */
  readonly secret: (args: readonly string[], input?: string | Uint8Array) => Promise<Ended>
  /**
   * Runs it on a pseudo terminal, whose screen is the output: each of `typed` is sent once `shown` is on it.
   */
  readonly onTerminal: (
    args: readonly string[],
    steps?: readonly { readonly shown: string; readonly typed: string }[],
  ) => Promise<Ended & { /** The output of `stty -a` afterwards. */ readonly terminal: string }>
}

/** A store of its own, in a folder that goes with the test. */
export async function secretCommand(t: TestContext): Promise<SecretCommand> {
  const dir = await temporaryFolder(t)
  const [file, key] = [join(dir, 'store/secrets.age'), join(dir, 'store/local.key')]
  const cache = join(tmpdir(), 'locket-compile-cache')
  const env = {
    PATH: process.env['PATH'] ?? '',
    NODE_COMPILE_CACHE: cache,
    LOCKET_LOCAL_FILE: file,
    LOCKET_LOCAL_KEY: key,
  }
  const command = [process.execPath, MAIN, 'secret']
  return {
    dir,
    file,
    key,
    secret: (args, input = '') => ended([...command, ...args], env, (child) => void child.stdin.end(input)),
    async onTerminal(args, steps = []) {
      const settings = join(dir, 'stty')
      const words = [...command, ...args].map((word) => `'${word}'`).join(' ')
      const line = `${words}; code=$?; stty -a > '${settings}'; exit $code`
      const end = await ended(['script', '-qec', line, '/dev/null'], env, (child) => {
        const waiting = [...steps]
        let screen = ''
        child.stdout.on('data', (chunk: Buffer) => {
          screen += chunk.toString()
          const [next] = waiting
          if (next === undefined || !screen.includes(next.shown)) return
          screen = ''
          waiting.shift()
          child.stdin.write(next.typed)
        })
      })
      return { ...end, terminal: await readFile(settings, 'utf8') }
    },
  }
}

function ended(
  [program = '', ...args]: readonly string[],
  env: Readonly<Record<string, string>>,
  feed: (child: ReturnType<typeof start>) => void,
): Promise<Ended> {
  const { promise, resolve } = Promise.withResolvers<Ended>()
  const child = start(program, args, env)
  const stdout: Buffer[] = []
  const stderr: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
  child.stdin.on('error', () => undefined)
  child.once('close', (code) =>
    resolve({ code, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString() }),
  )
  feed(child)
  return promise
}

function start(program: string, args: readonly string[], env: Readonly<Record<string, string>>) {
  return spawn(program, args, { env, stdio: ['pipe', 'pipe', 'pipe'], timeout: 60_000 })
}
