import { spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import * as z from 'zod'
import { startConnectServer, type ConnectServer } from '../../fixtures/servers/connect.ts'
import { idOf } from '../../fixtures/servers/connect-data.ts'
import { assertNoSecret } from '../../support/assert-no-secret.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { MAIN } from '../../support/program.ts'

export const TOKEN = 'canary-check-token-5f0e'
export const VALUES = [
  'canary-check-key-91',
  'canary-check-text-92',
  'canary-check-date-93',
  'canary-check-local-94',
]

const Failure = { code: z.string().optional(), error: z.string().optional(), hint: z.string().optional() }
const Document = z.strictObject({
  ok: z.boolean(),
  configFiles: z.array(z.string()),
  config: z.array(z.string()),
  warnings: z.array(z.string()),
  files: z.array(
    z.strictObject({
      file: z.string(),
      kind: z.enum(['compose', 'template']),
      problems: z.array(z.string()),
      warnings: z.array(z.string()),
    }),
  ),
  swarm: z
    .strictObject({
      managers: z.array(
        z.strictObject({
          id: z.string(),
          name: z.string(),
          isHere: z.boolean(),
          leads: z.boolean(),
          isReachable: z.boolean(),
          hasDriver: z.boolean(),
        }),
      ),
      build: z.string().optional(),
      settings: z.string().optional(),
      secrets: z.int(),
      problems: z.array(z.string()),
      warnings: z.array(z.string()),
    })
    .optional(),
  providers: z.array(z.strictObject({ name: z.string(), ok: z.boolean(), ms: z.int(), ...Failure })),
  references: z.array(
    z.strictObject({
      reference: z.string(),
      provider: z.string(),
      where: z.array(z.string()),
      ok: z.boolean().optional(),
      usesDefault: z.literal(true).optional(),
      ms: z.int().optional(),
      ...Failure,
    }),
  ),
})

/** The output of `--format json`, which is all of standard output. */
export function documentOf(stdout: string): z.infer<typeof Document> {
  return Document.parse(JSON.parse(stdout))
}

export interface Checked {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

type Run = (args: readonly string[], env?: Readonly<Record<string, string>>) => Promise<Checked>

export interface CheckWorld {
  readonly folder: string
  readonly server: ConnectServer
  /** A file of the folder. */
  readonly put: (name: string, text: string) => Promise<void>
  /** `locket check ARGS…` in that folder. Fails when a value or the token is in what it prints. */
  readonly check: Run
  /** The same with a text as standard input. */
  readonly checkInput: (input: string, args: readonly string[]) => Promise<Checked>
  /** Runs it on a pseudo terminal, whose screen is `stdout`. */
  readonly onTerminal: Run
}

/**
 * A Connect server with what the seed's examples name, its token in the files `token` and `volume-token`, and
 * an embedded store with `db/password`.
 */
export async function checkWorld(t: TestContext): Promise<CheckWorld> {
  const folder = await temporaryFolder(t)
  const server = await startConnectServer({ data: mordin(), token: TOKEN })
  t.after(() => server[Symbol.asyncDispose]())
  const base = {
    PATH: process.env['PATH'] ?? '',
    NODE_COMPILE_CACHE: join(tmpdir(), 'locket-compile-cache'),
    LOCKET_LOCAL_FILE: join(folder, 'secrets.age'),
    LOCKET_LOCAL_KEY: join(folder, 'local.key'),
    OP_CONNECT_HOST: server.url,
    OP_CONNECT_TOKEN_FILE: join(folder, 'token'),
    TOKEN_FILE: join(folder, 'volume-token'),
  }
  const put = (name: string, text: string) => writeFile(join(folder, name), text)
  for (const name of ['token', 'volume-token']) await put(name, `${TOKEN}\n`)
  const set = ['secret', 'set', 'db/password', '--stdin']
  const stored = await ended([process.execPath, MAIN, ...set], { folder, env: base, input: VALUES[3] ?? '' })
  if (stored.code !== 0) throw new Error(stored.stderr)
  const run = async (command: readonly string[], env: Readonly<Record<string, string>> = {}, input = '') => {
    const checked = await ended(command, { folder, env: { ...base, ...env }, input })
    assertNoSecret(checked.stdout + checked.stderr, [TOKEN, ...VALUES], 'what was printed')
    return checked
  }
  return {
    folder,
    server,
    put,
    check: (args, env) => run([process.execPath, MAIN, 'check', ...args], env),
    checkInput: (input, args) => run([process.execPath, MAIN, 'check', ...args], {}, input),
    onTerminal(args, env) {
      const line = [process.execPath, MAIN, 'check', ...args].map((word) => `'${word}'`).join(' ')
      return run(['script', '-qec', line, '/dev/null'], env)
    },
  }
}

function mordin() {
  const [key = '', text = '', date = ''] = VALUES
  const section = { id: 'tests', label: 'Test Section' }
  const items = [
    { id: idOf(2), title: 'TestKey', fields: [{ id: 'key', label: 'private key', value: key }] },
    {
      id: idOf(3),
      title: 'SecretPassword',
      sections: [section],
      fields: [
        { id: 'text', label: 'text', value: text, section },
        { id: 'date', label: 'date', value: date, section },
      ],
    },
  ]
  return { vaults: [{ id: idOf(1), name: 'Mordin', items }] }
}

function ended(
  [program = '', ...args]: readonly string[],
  options: {
    readonly folder: string
    readonly env: Readonly<Record<string, string>>
    readonly input: string
  },
): Promise<Checked> {
  const { promise, resolve } = Promise.withResolvers<Checked>()
  const child = spawn(program, args, { cwd: options.folder, env: options.env, timeout: 60_000 })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  child.once('close', (code) => resolve({ code, stdout, stderr }))
  child.stdin.end(options.input)
  return promise
}
