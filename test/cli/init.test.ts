import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { PROVIDERS } from '../../src/providers/index.ts'
import { idOf } from '../fixtures/servers/connect-data.ts'
import { startConnectServer } from '../fixtures/servers/connect.ts'
import { assertNoSecret } from '../support/assert-no-secret.ts'
import { MAIN } from '../support/program.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { within } from '../contract/provider/provider-attempt.ts'
import { openTerminal, type Terminal } from './terminal.ts'

const TOKEN = 'canary-init-token-31aa'
const VALUE = 'canary-init-value-31ab'
const REFERENCE = 'op://Servers/Database/password'
const SAMPLE = readFileSync(new URL('../../plugin/locket.toml', import.meta.url), 'utf8')

test('with all answers in flags it writes, checks, and names the next command', async (t) => {
  const { work, conf, init } = await world(t)
  const url = await connectServer(t)
  const args = ['--provider', 'op-connect', '--connect-host', url, '--token-file', '-']
  const { code, stdout, stderr } = await init([...args, '--reference', REFERENCE], { input: `${TOKEN}\n` })
  assert.equal(code, 0, stdout + stderr)
  assert.match(stdout, /op:\/\/Servers\/Database\/password +op-connect +ok/)
  assert.match(stdout, /\n {2}docker compose -f locket\.compose\.yaml up -d\n$/)
  const config = await readFile(join(conf, 'locket.toml'), 'utf8')
  assert.match(
    config,
    new RegExp(`^\\[volume\\]\n.*\nprovider = "op-connect"\nconnect-host = "${url}"\n`, 'm'),
  )
  const token = join(conf, 'tokens/connect-token')
  assert.match(config, new RegExp(`^connect-token = "file:${token}"$`, 'm'))
  assert.equal(await readFile(token, 'utf8'), TOKEN)
  for (const [path, mode] of [
    [token, 0o600],
    [join(conf, 'tokens'), 0o700],
    [join(conf, 'locket.toml'), 0o600],
    [join(work, 'locket.compose.yaml'), 0o644],
  ] as const)
    assert.equal(statSync(path).mode & 0o777, mode, path)
  assert.match(
    await readFile(join(work, 'locket.compose.yaml'), 'utf8'),
    /driver: locket\n[^]*secret\.db_password: "{{ op:\/\/Servers\/Database\/password }}"/,
  )
})

test('nothing is replaced without --force, and an old token file gets mode 0600', async (t) => {
  const { work, conf, init } = await world(t)
  const token = join(conf, 'tokens/op-token')
  await mkdir(join(conf, 'tokens'), { recursive: true })
  await writeFile(token, 'old', { mode: 0o644 })
  await writeFile(join(conf, 'locket.toml'), '[volume]\nwatch = true\n')
  await writeFile(join(work, 'locket.compose.yaml'), 'services: {}\n')
  const args = ['--provider', 'op', '--token-file', '-', '--offline']
  const refused = await init(args, { input: TOKEN })
  assert.equal(refused.code, 64)
  assert.equal(
    refused.stderr,
    `locket: ${token} and ${conf}/locket.toml and locket.compose.yaml would be replaced, nothing was written (replace them with --force, or name another --folder or --compose)\n`,
  )
  assert.equal(await readFile(token, 'utf8'), 'old')
  assert.equal(await readFile(join(work, 'locket.compose.yaml'), 'utf8'), 'services: {}\n')
  const replaced = await init([...args, '--force'], { input: TOKEN })
  assert.equal(replaced.code, 0, replaced.stderr)
  assert.equal(await readFile(token, 'utf8'), TOKEN)
  assert.equal(statSync(token).mode & 0o777, 0o600)
  assert.doesNotMatch(await readFile(join(conf, 'locket.toml'), 'utf8'), /watch/)
})

test('the sample file of an installation keeps its comments', async (t) => {
  const { conf, init } = await world(t)
  await writeFile(join(conf, 'locket.toml'), SAMPLE)
  const { code, stderr } = await init(['--provider', 'local'])
  assert.equal(code, 0, stderr)
  const config = await readFile(join(conf, 'locket.toml'), 'utf8')
  const added = config.split('\n').filter((line) => !SAMPLE.split('\n').includes(line))
  assert.deepEqual(added, [
    '# by `locket init`',
    'provider = "local"',
    `local-file = "${conf}/secrets.age"`,
    `local-key = "${conf}/local.key"`,
  ])
  assert.ok(config.length > SAMPLE.length)
})

test('a secret in a flag is refused, one of the environment becomes a file', async (t) => {
  const { conf, init } = await world(t)
  const { code, stderr } = await init(['--provider', 'op', '--op-token', TOKEN])
  assert.equal(code, 64)
  assert.match(stderr, /^locket: --op-token: every user of this machine can read a command line \(give/)
  const given = await init(['--provider', 'op', '--offline'], { env: { OP_SERVICE_ACCOUNT_TOKEN: TOKEN } })
  assert.equal(given.code, 0, given.stderr)
  assert.equal(await readFile(join(conf, 'tokens/op-token'), 'utf8'), TOKEN)
})

test('without a terminal all that is missing is named, and nothing is written', async (t) => {
  const { conf, init } = await world(t)
  const none = await init([])
  assert.equal(none.code, 64)
  assert.match(none.stderr, /no provider is chosen, .* \(give --provider local\|op-connect\|/)
  const missing = await init(['--provider', 'vault'])
  assert.equal(missing.code, 78)
  assert.match(
    missing.stderr,
    /bao-url .* is not set; bao-role-id .*; bao-secret-id .* \(give --bao-url, --bao-role-id, --token-file\)/,
  )
  const two = await init(['--provider', 'local', '--token-file', '-'], { input: TOKEN })
  assert.match(two.stderr, /--token-file: local does not need one more secret/)
  const wrong = await init(['--provider', 'op-connect', '--connect-host', 'ftp://x'])
  assert.match(wrong.stderr, /flag --connect-host: must be a URL/)
  const empty = await init(['--provider', 'op', '--token-file', '-'], { input: '\n' })
  assert.match(empty.stderr, /--token-file: the token is empty/)
  const other = await init(['--provider', 'local', '--reference', REFERENCE])
  assert.match(other.stderr, /this is not a reference of local \(write it like local:\/\/db\/password\)/)
  const same = await init(['--provider', 'local', '--compose', join(conf, 'locket.toml'), '--offline'])
  assert.match(same.stderr, /--compose names the configuration file/)
  assert.ok(!existsSync(join(conf, 'locket.toml')))
})

const ANSWERS: Readonly<Record<string, readonly string[]>> = {
  'op-connect': ['--connect-host', 'https://connect.example.com', '--token-file', '-'],
  op: ['--token-file', '-'],
  bws: ['--token-file', '-'],
  infisical: ['--infisical-client-id', 'id', '--infisical-default-environment', 'prod', '--token-file', '-'],
  bao: ['--bao-url', 'https://bao.example.com', '--bao-auth-method', 'token', '--token-file', '-'],
  doppler: ['--token-file', '-'],
  keepassxc: ['--keepassxc-database', '/etc/locket/secrets.kdbx'],
  dotenv: ['--dotenv-path', '/etc/locket/development.env'],
}

for (const { kind } of PROVIDERS) {
  test(`${kind}: the configuration is one that locket takes`, async (t) => {
    const { init } = await world(t)
    const args = ['--provider', kind, ...(ANSWERS[kind] ?? []), '--offline', '--compose', '-']
    const { code, stdout, stderr } = await init(args, { input: TOKEN })
    assert.equal(code, 0, stdout + stderr)
    assert.match(stdout, /configuration: ok/)
    assert.match(stdout, /^services:\n/m)
  })
}

test('the example of each provider is a reference of it', () => {
  const settings = {
    defaultEnvironment: 'prod',
    defaultProjectId: idOf(1),
    kvVersion: 'auto',
    defaultPath: '/',
  }
  for (const def of PROVIDERS) {
    assert.ok(def.parse(def.example, def.kind, settings) !== undefined, def.kind)
    assert.ok(def.schemes.includes(def.example.split(':')[0] ?? ''), def.kind)
  }
})

test('on a terminal: local, its first secret, and a check of it', async (t) => {
  const { conf, onTerminal, run } = await world(t)
  const terminal = onTerminal([])
  await terminal.shows(/1 {2}local [^]*number or name: /)
  terminal.type('nothing\r')
  await terminal.shows(/number or name: /)
  terminal.type('lx\x7focal\r')
  await terminal.shows(/like local:\/\/db\/password \(empty: later\): /)
  terminal.type('op://a/b/c\r')
  await terminal.shows(/not a reference of local[^]*\(empty: later\): /)
  terminal.type('\x1b[Alocal://web/key\r')
  await terminal.shows(/value of web\/key: /)
  terminal.type(`${VALUE}\r`)
  await terminal.shows(/the same value again: /)
  terminal.type(`${VALUE}\r`)
  assert.equal(await terminal.ended, 0, terminal.screen())
  assert.match(terminal.screen(), /stored local:\/\/web\/key \(22 bytes\)/)
  assert.match(terminal.screen(), /local:\/\/web\/key +local +.*ok/)
  assertNoSecret(terminal.screen(), [VALUE], 'the screen')
  const store = ['--local-file', join(conf, 'secrets.age'), '--local-key', join(conf, 'local.key')]
  assert.equal((await run(['secret', 'get', 'web/key', ...store])).stdout, VALUE)
})

test('on a terminal: the answer to one question makes others, and a wrong one is asked again', async (t) => {
  const { conf, onTerminal } = await world(t)
  const terminal = onTerminal(['--provider', 'bao', '--offline'])
  await terminal.shows(/address of the OpenBao or Vault server.*: /)
  terminal.type('bao.example.com\r')
  await terminal.shows(/must be a URL that starts with http:\/\/ or https:\/\/[^]*prefix is allowed: /)
  terminal.type('https://bao.example.com\r')
  await terminal.shows(/approle, token, kubernetes or jwt.*: /)
  terminal.type('token\r')
  await terminal.shows(/a token, for the method token \(not shown\): /)
  terminal.type(`${TOKEN}\r`)
  await terminal.shows(/\(empty: later\): /)
  terminal.type('\r')
  assert.equal(await terminal.ended, 0, terminal.screen())
  assertNoSecret(terminal.screen(), [TOKEN], 'the screen')
  assert.match(await readFile(join(conf, 'locket.toml'), 'utf8'), /bao-auth-method = "token"/)
  assert.equal(await readFile(join(conf, 'tokens/bao-token'), 'utf8'), TOKEN)
})

test('on a terminal: Ctrl-C and a refusal to replace write nothing', async (t) => {
  const { conf, work, onTerminal } = await world(t)
  const first = onTerminal(['--provider', 'op'])
  await first.shows(/\(not shown\): /)
  first.type(`${TOKEN}\x03`)
  assert.equal(await first.ended, 75)
  await writeFile(join(work, 'locket.compose.yaml'), 'mine')
  const second = onTerminal(['--provider', 'local'])
  await second.shows(/\(empty: later\): /)
  second.type('\r')
  await second.shows(/locket\.compose\.yaml would be replaced\. Replace\? \(y\/N\): /)
  second.type('\r')
  assert.equal(await second.ended, 75)
  assert.match(second.screen(), /nothing was written: locket\.compose\.yaml stay as they are/)
  assert.equal(await readFile(join(work, 'locket.compose.yaml'), 'utf8'), 'mine')
  assert.ok(!existsSync(join(conf, 'locket.toml')))
})

test('on a terminal: SIGTERM ends it while it asks', async (t) => {
  const { onTerminal } = await world(t)
  const asking = onTerminal(['--provider', 'op'], ['timeout', '--foreground', '3'])
  await asking.shows(/\(not shown\): /)
  assert.equal(await within(10_000, asking.ended), 124)
})

interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

interface Options {
  readonly input?: string
  readonly env?: Readonly<Record<string, string>>
}

interface World {
  /** The working directory. */
  readonly work: string
  /** The folder for the configuration. */
  readonly conf: string
  readonly run: (args: readonly string[], options?: Options) => Promise<Ended>
  /** `locket init --folder CONF ARGS…`. Fails when it prints the token. */
  readonly init: (args: readonly string[], options?: Options) => Promise<Ended>
  readonly onTerminal: (args: readonly string[], before?: readonly string[]) => Terminal
}

async function world(t: TestContext): Promise<World> {
  const folder = await temporaryFolder(t)
  const [work, conf] = [join(folder, 'work'), join(folder, 'conf')]
  await mkdir(work)
  await mkdir(conf)
  const env = { PATH: process.env['PATH'] ?? '', NODE_COMPILE_CACHE: join(tmpdir(), 'locket-compile-cache') }
  const run = (args: readonly string[], options: Options = {}) =>
    ended([MAIN, ...args], { ...options, cwd: work, env: { ...env, ...options.env } })
  return {
    work,
    conf,
    run,
    async init(args, options) {
      const end = await run(['init', '--folder', conf, ...args], options)
      assertNoSecret(end.stdout + end.stderr, [TOKEN], 'what was printed')
      return end
    },
    onTerminal: (args, before = []) =>
      openTerminal(t, [...before, process.execPath, MAIN, 'init', '--folder', conf, ...args].join(' '), {
        cwd: work,
        env,
      }),
  }
}

function ended(
  args: readonly string[],
  { input = '', ...options }: Options & { readonly cwd: string },
): Promise<Ended> {
  const { promise, resolve } = Promise.withResolvers<Ended>()
  const child = spawn(process.execPath, args, { ...options, timeout: 60_000 })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  child.stdin.on('error', () => undefined)
  child.once('close', (code) => resolve({ code, stdout, stderr }))
  child.stdin.end(input)
  return promise
}

async function connectServer(t: TestContext): Promise<string> {
  const fields = [{ id: 'password', label: 'password', value: VALUE }]
  const items = [{ id: idOf(2), title: 'Database', fields }]
  const data = { vaults: [{ id: idOf(1), name: 'Servers', items }] }
  const server = await startConnectServer({ data, token: TOKEN })
  t.after(() => server[Symbol.asyncDispose]())
  return server.url
}
