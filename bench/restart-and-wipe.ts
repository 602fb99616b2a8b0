/**
 * Two worst days, on the real daemon as root: the first Mount after a restart with 1,000 mounted volumes, and
 * an Unmount with hostile contents. `node bench/restart-and-wipe.ts [PROGRAM…]`: each program in turn, so
 * that their ratio takes the machine out.
 */
import { execFile } from 'node:child_process'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { startDaemon, type Daemon } from '../test/support/daemon.ts'
import { setSecret } from '../test/support/local-secrets.ts'
import { report } from './measure.ts'

const OURS = new URL('../dist/locket/bin/locket', import.meta.url).pathname
const PROGRAMS = process.argv.length > 2 ? process.argv.slice(2) : [OURS]
const RUNS = Number(process.env['BENCH_RUNS'] ?? 3)
const VOLUMES = 1000
const SPARSE_FILES = 900
const Opts = { 'secret.a': '{{ local://bench/a }}' }
const id = (n: number) => n.toString(16).padStart(64, '0')
const run = promisify(execFile)

for (const [name, reach, measure] of [
  [`restart to first Mount, ${VOLUMES} mounted volumes`, '<= 0.2 of e95f590', firstMount],
  [`Unmount, ${SPARSE_FILES} sparse files of 64 MiB`, '<= 1000', hostileUnmount],
] as const) {
  const values = new Map(PROGRAMS.map((program) => [program, [] as number[]]))
  for (let turn = 0; turn < RUNS; turn += 1)
    for (const program of PROGRAMS) values.get(program)?.push(await inFolder(program, measure))
  for (const program of PROGRAMS)
    process.stdout.write(`${report({ name, reach, values: values.get(program) ?? [] })} ${program}\n`)
}

/** Runs one measurement in a folder of its own, and takes away what it mounted. */
async function inFolder(
  program: string,
  measure: (start: () => Promise<Daemon>) => Promise<number>,
): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'locket-bench-'))
  await setSecret(folder, 'bench/a', 'value')
  const daemons: Daemon[] = []
  async function start(): Promise<Daemon> {
    const env = { LOCKET_LOG_LEVEL: 'error' }
    const daemon = await startDaemon({ folder, program: [program], env })
    daemons.push(daemon)
    return daemon
  }
  try {
    return await measure(start)
  } finally {
    for (const daemon of daemons) await daemon.stop('SIGKILL')
    const mounts = `grep -o ' ${folder}/runtime/[^ ]*' /proc/self/mountinfo | xargs -r umount -l`
    await run('sh', ['-c', mounts])
    await rm(folder, { recursive: true, force: true })
  }
}

async function firstMount(start: () => Promise<Daemon>): Promise<number> {
  const before = await start()
  for (let n = 0; n < VOLUMES; n += 1) {
    await must(before, 'Create', { Name: `v${n}`, Opts })
    await must(before, 'Mount', { Name: `v${n}`, ID: id(n) })
  }
  await before.stop('SIGKILL')
  return await timeOf(async () => must(await start(), 'Mount', { Name: 'v999', ID: id(VOLUMES) }))
}

async function hostileUnmount(start: () => Promise<Daemon>): Promise<number> {
  const daemon = await start()
  await must(daemon, 'Create', { Name: 'v', Opts: { ...Opts, size: '32M' } })
  const { Mountpoint } = await daemon.call('VolumeDriver.Mount', { Name: 'v', ID: id(1) })
  for (let n = 0; n < SPARSE_FILES; n += 1) {
    await using file = await open(join(Mountpoint, `sparse${n}`), 'w')
    await file.truncate(64 << 20)
  }
  return await timeOf(() => must(daemon, 'Unmount', { Name: 'v', ID: id(1) }))
}

async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const since = performance.now()
  await work()
  return performance.now() - since
}

async function must(daemon: Daemon, endpoint: string, body: unknown): Promise<void> {
  const { Err } = await daemon.call(`VolumeDriver.${endpoint}`, body)
  if (Err !== '') throw new Error(`${endpoint}: ${Err}`)
}
