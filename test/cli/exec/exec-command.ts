import { spawn, type ChildProcess } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { constants, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { until } from '../../../scripts/engine/until.ts'
import { assertNoSecret } from '../../support/assert-no-secret.ts'
import { killAllIn } from '../../support/processes.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { MAIN } from '../../support/program.ts'

/** The value of `local://db/password`. */
export const PASSWORD = 'canary-exec-password-7c1'
/** The value of `local://api/token`. */
export const TOKEN = 'canary-exec-token-8d2'
/** The value of the variables of locket's own credentials. */
export const OWN = 'canary-exec-own-9e3'

type Env = Readonly<Record<string, string>>

export interface Ended {
  /** As a shell shows it: 128 + n when signal n ended the process. */
  readonly code: number
  /** The signal that ended the process itself. */
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface Running {
  readonly process: ChildProcess
  readonly ended: Promise<Ended>
  /** All that it has printed so far. */
  readonly out: () => string
  /** The standard error of locket and the command so far. */
  readonly err: () => string
  /** Waits until this many lines of its output match; the last of them. */
  readonly seen: (pattern: RegExp, times?: number) => Promise<RegExpMatchArray>
  /** Like `seen`, for standard error. */
  readonly said: (pattern: RegExp, times?: number) => Promise<RegExpMatchArray>
}

export interface ExecWorld {
  readonly folder: string
  readonly env: Env
  /** A file of the folder. */
  readonly put: (name: string, text: string) => Promise<string>
  readonly read: (name: string) => Promise<string>
  /** Gives `local://NAME` another value. */
  readonly keep: (name: string, value: string) => Promise<void>
  /** Runs `locket exec ARGS…` in that folder, without a terminal. */
  readonly start: (args: readonly string[], env?: Env) => Running
  readonly exec: (args: readonly string[], env?: Env) => Promise<Ended>
}

/** The flags of both ways to run a command: as a child of locket, and in its place. */
export const BOTH_WAYS = ['--no-exec', '--exec'] as const

/** The path of a program of test/fixtures/programs, as a command. */
export function program(name: string): readonly string[] {
  return [process.execPath, new URL(`../../fixtures/programs/${name}.ts`, import.meta.url).pathname]
}

/**
 * A folder with an embedded store that holds `db/password` and `api/token`. Every process is killed when the
 * test ends: one that stays keeps its pipes open, and the test's file would not end.
 */
export async function execWorld(t: TestContext): Promise<ExecWorld> {
  const folder = await temporaryFolder(t)
  t.after(() => killAllIn(folder))
  const base = {
    PATH: process.env['PATH'] ?? '',
    NODE_COMPILE_CACHE: join(tmpdir(), 'locket-compile-cache'),
    LOCKET_LOCAL_FILE: join(folder, 'store/secrets.age'),
    LOCKET_LOCAL_KEY: join(folder, 'store/local.key'),
  }
  const run = (command: readonly string[], env: Env = {}) => {
    const running = startProcess(command, { cwd: folder, env: { ...base, ...env } })
    t.after(() => killAll(running))
    return running
  }
  const keep = async (name: string, value: string) => {
    const running = run([process.execPath, MAIN, 'secret', 'set', name, '--stdin'])
    running.process.stdin?.end(value)
    const { code, stderr } = await running.ended
    if (code !== 0) throw new Error(stderr)
  }
  await keep('db/password', PASSWORD)
  await keep('api/token', TOKEN)
  return {
    folder,
    env: base,
    keep,
    async put(name, text) {
      const path = join(folder, name)
      await mkdir(dirname(path), { recursive: true })
      await writeFile(path, text)
      return path
    },
    read: (name) => readFile(join(folder, name), 'utf8'),
    start: (args, env) => run([process.execPath, MAIN, 'exec', ...args], env),
    async exec(args, env) {
      const running = run([process.execPath, MAIN, 'exec', ...args], env)
      running.process.stdin?.end()
      const ended = await running.ended
      assertNoSecret(ended.stderr, [PASSWORD, TOKEN, OWN], 'standard error')
      return ended
    },
  }
}

/** With SIGTERM first, which locket passes on: a process that a test leaves behind keeps its pipes open. */
async function killAll({ process: child, ended }: Running): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGTERM')
  child.kill('SIGCONT')
  await Promise.race([ended, sleep(2000, undefined, { ref: false })])
  child.kill('SIGKILL')
}

export function startProcess(
  [file = '', ...args]: readonly string[],
  { cwd, env }: { readonly cwd: string; readonly env: Env },
): Running {
  const child = spawn(file, args, { cwd, env, detached: true, stdio: ['pipe', 'pipe', 'pipe'] })
  const limit = setTimeout(() => child.kill('SIGKILL'), 50_000)
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  child.stdin.on('error', () => undefined)
  const { promise: ended, resolve } = Promise.withResolvers<Ended>()
  child.once('close', (code, signal) => {
    clearTimeout(limit)
    const shown = code ?? 128 + constants.signals[signal ?? 'SIGKILL']
    resolve({ code: shown, signal, stdout, stderr })
  })
  const waitFor = async (text: () => string, pattern: RegExp, times: number) => {
    const find = () => [...text().matchAll(new RegExp(pattern, 'g'))].at(times - 1)
    try {
      return await until(`${pattern}, ${times} times`, find)
    } catch (cause) {
      throw new Error(`standard output: ${stdout}\nstandard error: ${stderr}`, { cause })
    }
  }
  return {
    process: child,
    ended,
    out: () => stdout,
    err: () => stderr,
    seen: (pattern, times = 1) => waitFor(() => stdout, pattern, times),
    said: (pattern, times = 1) => waitFor(() => stderr, pattern, times),
  }
}

/** Whether a process is there and has not ended. */
export async function isAlive(pid: number): Promise<boolean> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'latin1')
    return !/^\d+ \(.*\) Z/.test(stat)
  } catch {
    // No such process.
    return false
  }
}
