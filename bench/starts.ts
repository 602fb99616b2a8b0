/**
 * The start of the commands that stand between a person and their program, and of the daemon up to its
 * socket: `node bench/starts.ts [PROGRAM [BASELINE]]`, as root for the daemon. BASELINE is `bin/locket` of an
 * older build (docs/dev/build.md says how to make one). The founding program joins in where the PATH has its
 * `locket`. All take turns in one run, so that a busy moment meets all of them.
 */
import { spawn, spawnSync } from 'node:child_process'
import { accessSync, existsSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { setSecrets } from '../test/support/local-secrets.ts'
import { median, report } from './measure.ts'

const PROGRAM = process.argv[2] ?? new URL('../dist/locket/bin/locket', import.meta.url).pathname
const BASELINE = process.argv[3]
const FOUNDING = foundingProgram()
const NODE = join(PROGRAM, '../node')
const NODE_WORDS = ['--disable-sigusr1', '--', join(PROGRAM, '../../lib/start.cjs')]
/** `make rootfs` leaves it beside the program. */
const IMAGE = join(PROGRAM, '../../../image/rootfs/locket')
const RUNS = 21
const DAEMON_RUNS = 11

const folder = await mkdtemp(join(tmpdir(), 'locket-bench-'))
const env = {
  PATH: process.env['PATH'],
  LOCKET_LOCAL_FILE: join(folder, 'secrets.age'),
  LOCKET_LOCAL_KEY: join(folder, 'local.key'),
}

/** One start that is measured. */
interface Start {
  readonly name: string
  /** The largest median that is wanted, as a share of another start's median. */
  readonly reach?: { readonly of: string; readonly most: number }
  readonly run: () => Promise<number>
}

try {
  await setSecrets(folder, 'bench', 1)
  const ready = join(folder, 'ready')
  writeFileSync(ready, JSON.stringify([ready]))
  await inTurn(RUNS, commandStarts(ready))
  if (process.getuid?.() === 0) await inTurn(DAEMON_RUNS, daemonStarts())
} finally {
  await rm(folder, { recursive: true, force: true })
}

function commandStarts(ready: string): readonly Start[] {
  const plain = ['exec', '-e', 'A=b', '--', '/bin/true']
  const local = ['exec', '-e', 'A={{ local://bench/secret0 }}', '--', '/bin/true']
  const check = ['healthcheck', '--status-file', ready]
  const node = (most: number) => ({ of: 'node -e 0', most })
  return [
    command('node -e 0', [NODE, '-e', '0']),
    ...others('exec', plain),
    command('exec', [PROGRAM, ...plain], BASELINE === undefined ? node(1) : older('exec')),
    command('exec --no-exec', [PROGRAM, 'exec', '--no-exec', ...plain.slice(1)]),
    ...(BASELINE === undefined ? [] : [command('baseline: exec, local', [BASELINE, ...local])]),
    command('exec, local', [PROGRAM, ...local], BASELINE === undefined ? undefined : older('exec, local')),
    ...others('healthcheck', check),
    command('healthcheck', [PROGRAM, ...check], node(0.1)),
    command('healthcheck, left to Node', [NODE, ...NODE_WORDS, ...check]),
    ...(existsSync(join(IMAGE, 'bin/launcher'))
      ? [command('healthcheck of the image', inImage(check), node(0.5))]
      : []),
    ...others('--version', ['--version']),
    command('--version', [PROGRAM, '--version']),
  ]
}

function older(name: string) {
  return { of: `baseline: ${name}`, most: 0.3 }
}

/** The same words for the baseline and for the founding program. */
function others(name: string, words: readonly string[]): readonly Start[] {
  return [
    ...(BASELINE === undefined ? [] : [command(`baseline: ${name}`, [BASELINE, ...words])]),
    ...(FOUNDING === undefined ? [] : [command(`founding: ${name}`, [FOUNDING, ...words])]),
  ]
}

/** The image's launcher and shell, with the libraries of this machine. */
function inImage(words: readonly string[]): readonly string[] {
  return [join(IMAGE, 'lib/dash'), join(IMAGE, 'bin/launcher'), ...words]
}

function command(name: string, [program = '', ...args]: readonly string[], reach?: Start['reach']): Start {
  const run = async () => {
    const start = performance.now()
    const { status, error } = spawnSync(program, args, { env, stdio: 'ignore' })
    if (status !== 0) throw new Error(`${name}: ${error?.message ?? `exit code ${status}`}`)
    return performance.now() - start
  }
  return { name, run, ...(reach === undefined ? {} : { reach }) }
}

function daemonStarts(): readonly Start[] {
  const name = 'daemon: exec to socket'
  const baseline = `baseline: ${name}`
  return [
    ...(BASELINE === undefined ? [] : [{ name: baseline, run: () => untilSocket(BASELINE) }]),
    {
      name,
      run: () => untilSocket(PROGRAM),
      ...(BASELINE === undefined ? {} : { reach: { of: baseline, most: 0.7 } }),
    },
  ]
}

async function untilSocket(program: string): Promise<number> {
  const own = await mkdtemp(join(folder, 'daemon-'))
  const socket = join(own, 'locket.sock')
  const folders = ['--state-dir', join(own, 'state'), '--runtime-dir', join(own, 'run')]
  const start = performance.now()
  const words = ['volume', '--log-level', 'error', '--socket', socket, ...folders]
  const daemon = spawn(program, words, { env, stdio: 'inherit' })
  const ended = new Promise((done) => daemon.once('exit', done))
  while (!(await accepts(socket))) {
    if (daemon.exitCode !== null) throw new Error(`${program} volume ended with ${daemon.exitCode}`)
    await sleep(1)
  }
  const ms = performance.now() - start
  daemon.kill('SIGTERM')
  await ended
  return ms
}

function accepts(socket: string): Promise<boolean> {
  return new Promise((done) => {
    const connection = connect(socket, () => done(true))
    connection.on('connect', () => connection.destroy()).on('error', () => done(false))
  })
}

async function inTurn(runs: number, starts: readonly Start[]): Promise<void> {
  const values = new Map(starts.map(({ name }) => [name, new Array<number>()]))
  for (let run = 0; run < runs; run += 1)
    for (const { name, run: measure } of starts) values.get(name)?.push(await measure())
  for (const { name, reach } of starts) {
    const own = values.get(name) ?? []
    const ratio =
      reach === undefined ? '' : `${(median(own) / median(values.get(reach.of) ?? [])).toFixed(2)} x`
    const line = {
      name,
      reach: reach === undefined ? '' : `${ratio} ${reach.of} (<= ${reach.most})`,
      values: own,
    }
    process.stdout.write(`${report(line)}\n`)
  }
}

/** A `locket` on the PATH that does not run on Node. */
function foundingProgram(): string | undefined {
  const paths = (process.env['PATH'] ?? '').split(delimiter).map((entry) => join(entry, 'locket'))
  const path = paths.find(isThere)
  if (path === undefined) return undefined
  return spawnSync(path, ['--version'], { encoding: 'utf8' }).stdout.includes('node') ? undefined : path
}

function isThere(path: string): boolean {
  try {
    accessSync(path)
    return true
  } catch {
    return false
  }
}
