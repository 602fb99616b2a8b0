import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { DIST } from '../../scripts/engine/plugin.ts'
import { until } from '../../scripts/engine/until.ts'
import { startDaemon } from '../support/daemon.ts'
import {
  assertDeafToUsr1,
  assertObeysNoVariable,
  assertUsr1ReachesTheCommand,
  handlersOf,
} from '../support/own-node.ts'
import { isRunning } from '../support/processes.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

// The program that `make rootfs` leaves, or LOCKET_E2E_DIST: no start of it obeys a variable or a signal of
// Node.

const LAUNCHER = join(DIST, 'locket/bin/locket')
const NAMES = ['NODE_OPTIONS', 'NODE_REPL_EXTERNAL_MODULE', 'NODE_COMPILE_CACHE', 'OPENSSL_CONF']

test('the program does not obey variables of Node’s, and hands them to its command', async (t) => {
  await assertObeysNoVariable(t, [LAUNCHER], NAMES)
})

test('SIGUSR1 opens no debugger in exec, and reaches its command', async () => {
  await assertUsr1ReachesTheCommand([LAUNCHER])
})

test('SIGUSR1 opens no debugger in the daemon, and does not end it', async (t) => {
  const folder = await temporaryFolder(t)
  const daemon = await startDaemon({ folder, program: [LAUNCHER] })
  t.after(() => daemon.stop('SIGKILL'))
  const pid = daemon.process.pid ?? 0
  assertDeafToUsr1(pid)
  process.kill(pid, 'SIGUSR1')
  await sleep(200)
  assert.ok(isRunning(pid))
  assert.doesNotMatch(daemon.output(), /debugger/i)
})

test('the same holds for a plugin of the Docker CLI', async (t) => {
  const link = join(await temporaryFolder(t), 'docker-locket')
  symlinkSync(LAUNCHER, link)
  const env = { PATH: process.env['PATH'], NODE_OPTIONS: '--no-such-option' }
  assert.match(execFileSync(link, ['docker-cli-plugin-metadata'], { env, encoding: 'utf8' }), /SchemaVersion/)
})

test('the same holds in the rootfs, whose options of Node come before the words', async () => {
  const rootfs = join(DIST, 'plugin/rootfs')
  const env = {
    PATH: process.env['PATH'],
    NODE_OPTIONS: '--no-such-option',
    OPENSSL_CONF: '/none',
    NODE_COMPILE_CACHE: '/tmp/cache',
  }
  const words = ['export', '--env-file=/no-such.env', '--help']
  const help = execFileSync('chroot', [rootfs, '/locket/bin/locket', ...words], { env, encoding: 'utf8' })
  assert.match(help, /locket export/)
  assert.ok(!existsSync(join(rootfs, 'tmp/cache')))
})

test('the program in the rootfs is deaf to SIGUSR1 too', async (t) => {
  const words = ['/locket/bin/locket', 'secret', 'set', 'a', '--stdin']
  const child = spawn('chroot', [join(DIST, 'plugin/rootfs'), ...words], {
    stdio: ['pipe', 'ignore', 'pipe'],
  })
  t.after(() => child.kill('SIGKILL'))
  const pid = child.pid ?? 0
  await until('Node runs', () => readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith('/locket/bin/node'))
  await until('Node has its handlers', () => handlersOf(pid) !== 0n)
  assertDeafToUsr1(pid)
})

test('no file of the working directory and no variable puts code into the program', async (t) => {
  const folder = await temporaryFolder(t)
  const evil = join(folder, 'evil.cjs')
  writeFileSync(evil, "require('node:fs').writeSync(1, 'LOADED')")
  for (const name of ['.env', '.env.local', '.env.production'])
    writeFileSync(join(folder, name), 'STRANGER=1\n')
  writeFileSync(join(folder, 'bunfig.toml'), 'preload = ["./evil.cjs"]\n')
  writeFileSync(join(folder, 'node.config.json'), '{"nodeOptions":{"import":["./evil.cjs"]}}')
  writeFileSync(join(folder, 'package.json'), '{"main":"evil.cjs","imports":{"#a":"./evil.cjs"}}')
  for (const name of ['koffi', '@bitwarden/sdk-napi', '@koromix/koffi-linux-x64', 'ajv']) {
    mkdirSync(join(folder, '.node_modules', name), { recursive: true })
    writeFileSync(
      join(folder, '.node_modules', name, 'index.js'),
      "require('node:fs').writeSync(1, 'LOADED')",
    )
  }
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: folder,
    NODE_PATH: join(folder, '.node_modules'),
    NODE_V8_COVERAGE: '',
    BUN_BE_BUN: '1',
    BUN_INSPECT: 'ws://127.0.0.1:0/a',
    BUN_OPTIONS: `--preload=${evil}`,
    DENO_DIR: folder,
  }
  const asked = { env, cwd: folder, encoding: 'utf8' } as const
  assert.match(execFileSync(LAUNCHER, ['--version'], asked), /^locket \S+ \(node [^)]+\)\n$/)
  const words = ['-e', 'A=b', '--', 'sh', '-c', 'echo "$A/$STRANGER/$BUN_BE_BUN/$NODE_PATH"']
  for (const flags of [[], ['--no-exec']])
    assert.equal(execFileSync(LAUNCHER, ['exec', ...flags, ...words], asked), `b//1/${env.NODE_PATH}\n`)
})
