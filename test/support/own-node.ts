import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { until } from '../../scripts/engine/until.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** Bit of SIGUSR1 in the masks of /proc/PID/status. */
const USR1 = 1n << 9n

/**
 * Fails when the process reacts to SIGUSR1: a debugger of Node's does by a handler, a program that does not
 * block it by its end.
 */
export function assertDeafToUsr1(pid: number): void {
  assert.equal(signalMask(pid, 'SigBlk') & USR1, USR1, 'SIGUSR1 is not blocked')
  assert.equal(signalMask(pid, 'SigCgt') & USR1, 0n, 'SIGUSR1 has a handler')
}

/** The signals that the process has handlers for, as a bit mask. */
export function handlersOf(pid: number): bigint {
  return signalMask(pid, 'SigCgt')
}

function signalMask(pid: number, name: string): bigint {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return BigInt(`0x${new RegExp(`^${name}:\\s+(\\w+)$`, 'm').exec(status)?.[1]}`)
}

/** Environment variables that make Node load `marker` and open a debugger, when Node obeys them. */
async function hostileEnvironment(t: TestContext): Promise<Record<string, string>> {
  const folder = await temporaryFolder(t)
  const module = join(folder, 'module.cjs')
  writeFileSync(module, "console.log('LOADED')")
  const openssl = join(folder, 'openssl.cnf')
  writeFileSync(
    openssl,
    [
      'nodejs_conf = a',
      '[a]',
      'providers = b',
      '[b]',
      'c = d',
      '[d]',
      'module = /none.so',
      'activate = 1',
    ].join('\n'),
  )
  return {
    PATH: process.env['PATH'] ?? '',
    NODE_OPTIONS: `--require=${module} --inspect=0`,
    NODE_REPL_EXTERNAL_MODULE: module,
    NODE_COMPILE_CACHE: join(folder, 'cache'),
    OPENSSL_CONF: openssl,
  }
}

/**
 * `names`: the variables that this way of starting the program must not obey. The program of `exec` gets them
 * as they are.
 */
export async function assertObeysNoVariable(
  t: TestContext,
  program: readonly [string, ...string[]],
  names: readonly string[],
): Promise<void> {
  const hostile = await hostileEnvironment(t)
  const env = Object.fromEntries(
    Object.entries(hostile).filter(([name]) => name === 'PATH' || names.includes(name)),
  )
  const [file, ...before] = program
  const print = 'for name; do eval "echo \\"$name=\\$$name\\""; done'
  const { stdout, stderr, status } = spawnSync(
    file,
    [...before, 'exec', '-e', 'ANY=1', '--', 'sh', '-c', print, 'sh', ...names],
    { env, encoding: 'utf8' },
  )
  assert.equal(status, 0, stderr)
  assert.deepEqual(
    stdout.trimEnd().split('\n'),
    names.map((name) => `${name}=${env[name]}`),
  )
  assert.equal(stderr, '')
}

/**
 * SIGUSR1 as soon as Node blocks it: the program of `exec --no-exec` gets it, and no debugger is opened. A
 * program in the place of locket gets it too.
 */
export async function assertUsr1ReachesTheCommand(program: readonly [string, ...string[]]): Promise<void> {
  await assertUsr1Arrives([...program, 'exec', '--no-exec'], (pid) =>
    until('SIGUSR1 is blocked', () => blocksUsr1(pid)),
  )
  await assertUsr1Arrives([...program, 'exec'], (_, output) =>
    until('the command is ready', () => output().includes('ready')),
  )
}

async function assertUsr1Arrives(
  exec: readonly [string, ...string[]],
  untilItMayCome: (pid: number, output: () => string) => Promise<unknown>,
): Promise<void> {
  const [file, ...before] = exec
  const script = 'trap "echo got SIGUSR1" USR1; trap "exit 0" USR2; echo ready; while :; do sleep 0.05; done'
  const child = spawn(file, [...before, '--', 'bash', '-c', script], {
    env: { PATH: process.env['PATH'] ?? '' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  try {
    await untilItMayCome(child.pid ?? 0, () => output)
    child.kill('SIGUSR1')
    await until('the command gets SIGUSR1', () => output.includes('got SIGUSR1'))
    child.kill('SIGUSR1')
    await until('the command gets SIGUSR1 again', () => output.split('got SIGUSR1').length > 2)
    assert.doesNotMatch(output, /debugger/i)
  } finally {
    child.kill('SIGUSR2')
    await new Promise((done) => child.once('exit', done))
  }
}

function blocksUsr1(pid: number): boolean {
  const found = /^SigBlk:\s+(\w+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  const isNode = readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('--disable-sigusr1')
  return isNode && (BigInt(`0x${found}`) & USR1) !== 0n
}
