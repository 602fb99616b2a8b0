/**
 * The calls that an engine makes most, on two daemons in turn, so that their ratio takes the machine out:
 * `node bench/mounts.ts BASELINE [PROGRAM]`, as root. The baseline is a build of an earlier commit.
 */
import { spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startDaemon, type Daemon } from '../test/support/daemon.ts'
import { setSecrets } from '../test/support/local-secrets.ts'
import { median, report, timed } from './measure.ts'

const OURS = new URL('../dist/locket/bin/locket', import.meta.url).pathname
const [, , baseline = OURS, program = OURS] = process.argv
const RUNS = 200
const id = (n: number) => n.toString(16).padStart(64, '0')
const Opts = Object.fromEntries(
  Array.from({ length: 20 }, (_, n) => [`secret.file${n}`, `{{ local://bench/secret${n} }}`]),
)

type Call = (daemon: Daemon, run: number) => Promise<unknown>
/** In the order in which each run makes them. Those without a reach are part of the run only. */
const CALLS: readonly (readonly [name: string, reach: string, call: Call])[] = [
  ['Create', '<= 0.55', (daemon, n) => must(daemon, 'Create', { Name: `v${n}`, Opts })],
  [
    'Mount, 20 secrets of local',
    '<= 0.7',
    (daemon, n) => must(daemon, 'Mount', { Name: `v${n}`, ID: id(1) }),
  ],
  [
    'Mount for a second container',
    '<= 0.15',
    (daemon, n) => must(daemon, 'Mount', { Name: `v${n}`, ID: id(2) }),
  ],
  ['Get', '<= 0.6', (daemon, n) => must(daemon, 'Get', { Name: `v${n}` })],
  [
    'Unmount that is not the last',
    'told',
    (daemon, n) => must(daemon, 'Unmount', { Name: `v${n}`, ID: id(2) }),
  ],
  ['last Unmount with wipe', '<= 0.3', (daemon, n) => must(daemon, 'Unmount', { Name: `v${n}`, ID: id(1) })],
  ['Remove', 'told', (daemon, n) => must(daemon, 'Remove', { Name: `v${n}` })],
]

const folder = await mkdtemp(join(tmpdir(), 'locket-bench-'))
const daemons: Daemon[] = []
try {
  await setSecrets(folder, 'bench', 20)
  for (const [n, path] of [baseline, program].entries()) daemons.push(await start(`daemon${n}`, path))
  const inOrder = [...daemons.entries()]
  const values = CALLS.map(() => daemons.map(() => new Array<number>()))
  for (let run = 0; run < RUNS; run += 1)
    // The second of two waits for what the first has left to the disk.
    for (const [which, daemon] of run % 2 === 0 ? inOrder : inOrder.toReversed())
      for (const [at, [, , call]] of CALLS.entries())
        values[at]?.[which]?.push(...(await timed(1, () => call(daemon, run))))
  for (const [at, [name, reach]] of CALLS.entries()) {
    const [before = [], now = []] = values[at] ?? []
    const ratio = `${(median(now) / median(before)).toFixed(2)} x the baseline`
    process.stdout.write(`${report({ name: `${name}: ${ratio}`, reach, values: now })}\n`)
  }
} finally {
  for (const daemon of daemons) await daemon.stop('SIGKILL')
  spawnSync('sh', ['-c', `grep -o ' ${folder}/[^ ]*' /proc/self/mountinfo | xargs -r umount -l`])
  await rm(folder, { recursive: true, force: true })
}

async function start(name: string, path: string): Promise<Daemon> {
  const env = {
    LOCKET_LOCAL_FILE: join(folder, 'secrets.age'),
    LOCKET_LOCAL_KEY: join(folder, 'local.key'),
    LOCKET_LOG_LEVEL: 'error',
  }
  return await startDaemon({ folder: join(folder, name), program: [path], env })
}

async function must(daemon: Daemon, endpoint: string, body: unknown): Promise<void> {
  const { Err } = await daemon.call(`VolumeDriver.${endpoint}`, body)
  if (Err !== '') throw new Error(`${endpoint}: ${Err}`)
}
