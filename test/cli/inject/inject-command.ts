import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'
import * as z from 'zod'
import { startConnectServer, type ConnectServer } from '../../fixtures/servers/connect.ts'
import { idOf } from '../../fixtures/servers/connect-data.ts'
import { assertNoSecret } from '../../support/assert-no-secret.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { MAIN } from '../../support/program.ts'

export const TOKEN = 'canary-inject-token-77ab'
export const VALUES = { user: 'canary-inject-user-1', password: 'canary-inject-password-2' } as const

export interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface Running {
  readonly child: ChildProcess
  /** Its log so far. */
  log(): string
  /** Waits for its end. Fails when a value or the token is in what it printed. */
  ended(): Promise<Ran>
  /** SIGTERM unless told otherwise; waits for its end. */
  stop(signal?: NodeJS.Signals): Promise<Ran>
}

/** The end of a run. Secrets are expected in its standard output. */
export interface Piped {
  readonly code: number | null
  readonly stdout: Buffer
  readonly stderr: string
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly uid?: number
}

export interface InjectWorld {
  readonly folder: string
  /** `op://v/i/user` and `op://v/i/password`. */
  readonly server: ConnectServer
  /** The path of a file of the folder, made or written whole. */
  readonly put: (path: string, text: string | Uint8Array) => Promise<string>
  /** Writes the file by a rename, as most editors and tools do. */
  readonly replace: (path: string, text: string) => Promise<void>
  readonly at: (path: string) => string
  readonly text: (path: string) => Promise<string>
  /** `locket inject ARGS…` in that folder. Fails when a value or the token is in what it prints. */
  readonly inject: (args: readonly string[], options?: RunOptions) => Promise<Ran>
  /** Gives it `input` as standard input. Fails when a value or the token is in its log. */
  readonly pipe: (args: readonly string[], input: string | Uint8Array) => Promise<Piped>
  /** The same on a shell's line, in which `$LOCKET` is `locket inject`. */
  readonly shell: (line: string) => Promise<Piped>
  /** Starts it and returns while it runs. */
  readonly start: (args: readonly string[], options?: RunOptions) => Running
  /** `locket healthcheck` of the status file `ready`. */
  readonly health: () => Promise<Ran>
}

/** Templates go below `tpl`, outputs below `out`, the status file is `ready`. */
export async function injectWorld(t: TestContext): Promise<InjectWorld> {
  const folder = await temporaryFolder(t)
  const server = await startConnectServer({ data: data(), token: TOKEN })
  t.after(() => server[Symbol.asyncDispose]())
  const base = {
    PATH: process.env['PATH'] ?? '',
    NODE_COMPILE_CACHE: join(tmpdir(), 'locket-compile-cache'),
    OP_CONNECT_HOST: server.url,
    OP_CONNECT_TOKEN_FILE: join(folder, 'token'),
  }
  const at = (path: string) => join(folder, path)
  const put = async (path: string, text: string | Uint8Array) => {
    await mkdir(dirname(at(path)), { recursive: true })
    await writeFile(at(path), text)
    return at(path)
  }
  await put('token', `${TOKEN}\n`)
  const begin = (words: readonly string[], { env = {}, uid }: RunOptions = {}): Running => {
    const identity = uid === undefined ? {} : { uid, gid: uid }
    const options = { cwd: folder, env: { ...base, ...env }, timeout: 30_000, ...identity }
    return running(spawn(process.execPath, [MAIN, ...words], options))
  }
  const start: InjectWorld['start'] = (args, options) => {
    const started = begin(['inject', ...args], options)
    t.after(() => started.stop('SIGKILL'))
    return started
  }
  return {
    folder,
    server,
    put,
    at,
    start,
    async replace(path, text) {
      await put(`next-${path.replaceAll('/', '-')}`, text)
      await rename(at(`next-${path.replaceAll('/', '-')}`), at(path))
    },
    text: (path) => readFile(at(path), 'utf8'),
    inject: (args, options) => start(args, options).ended(),
    pipe(args, input) {
      const child = spawn(process.execPath, [MAIN, 'inject', ...args], { cwd: folder, env: base })
      child.stdin.on('error', () => undefined).end(input)
      return piped(child)
    },
    shell(line) {
      const env = { ...base, LOCKET: `${process.execPath} ${MAIN} inject` }
      return piped(spawn('bash', ['--norc', '-c', line], { cwd: folder, env, timeout: 30_000 }))
    },
    health: () => begin(['healthcheck', '--status-file', at('ready')]).ended(),
  }
}

async function piped(child: ChildProcess): Promise<Piped> {
  const chunks: Buffer[] = []
  let stderr = ''
  child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk))
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  const [code] = z
    .tuple([z.int().nullable()])
    .rest(z.unknown())
    .parse(await once(child, 'close'))
  assertNoSecret(stderr, [TOKEN, ...Object.values(VALUES)], 'the log')
  return { code, stdout: Buffer.concat(chunks), stderr }
}

function running(child: ChildProcess): Running {
  const { promise, resolve } = Promise.withResolvers<Ran>()
  let stdout = ''
  let stderr = ''
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  child.once('close', (code) => resolve({ code, stdout, stderr }))
  const ended = async () => {
    const ran = await promise
    assertNoSecret(ran.stdout + ran.stderr, [TOKEN, ...Object.values(VALUES)], 'what was printed')
    return ran
  }
  return {
    child,
    log: () => stderr,
    ended,
    stop: (signal = 'SIGTERM') => {
      child.kill(signal)
      return ended()
    },
  }
}

function data() {
  const fields = Object.entries(VALUES).map(([id, value]) => ({ id, label: id, value }))
  return {
    vaults: [{ id: idOf(1), name: 'v', items: [{ id: idOf(2), title: 'i', category: 'LOGIN', fields }] }],
  }
}
