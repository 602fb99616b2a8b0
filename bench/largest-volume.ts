/**
 * List and Get of one volume while an author mounts the largest volumes that the ceilings allow, on the real
 * daemon as root. The source runs, not dist/locket: the turns of its event loop are measured from inside.
 */
import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startDaemon, type Daemon } from '../test/support/daemon.ts'
import { setSecret } from '../test/support/local-secrets.ts'
import { MAIN } from '../test/support/program.ts'
import type { Turns } from './loop-turns.ts'
import { report, type Sample } from './measure.ts'

const LOOP_TURNS = new URL('./loop-turns.ts', import.meta.url).href
const PROGRAM = [process.execPath, '--import', LOOP_TURNS, MAIN] as const
const ID = '0'.repeat(64)

type Options = Readonly<Record<string, string>>

/** One hostile volume. Those that exceed a ceiling or a time limit are refused at the end of their work. */
interface Hostile {
  readonly name: string
  readonly options: Options
}

const folder = await mkdtemp(join(tmpdir(), 'locket-bench-'))
const show = (sample: Sample) => process.stdout.write(`${report(sample)}\n`)
const env = {
  LOCKET_LOCAL_FILE: join(folder, 'secrets.age'),
  LOCKET_LOCAL_KEY: join(folder, 'local.key'),
  LOCKET_LOG_LEVEL: 'error',
}

try {
  await setSecret(folder, 'bench/small', 'value')
  await setSecret(folder, 'bench/page', randomBytes(12_000).toString('base64'))
  await setSecret(folder, 'bench/filtered', randomBytes(180_000).toString('base64'))
  await setSecret(folder, 'bench/large', randomBytes(700_000).toString('base64'))
  for (const hostile of await hostileVolumes()) await measure(hostile)
} finally {
  await rm(folder, { recursive: true, force: true })
}

async function hostileVolumes(): Promise<readonly Hostile[]> {
  const braces = join(folder, 'braces.tpl')
  await writeFile(braces, '{{ x }}'.repeat(2_300_000))
  const page = '{{ local://bench/page }}'
  const large = '{{ local://bench/large }}'
  const sizes = { size: '64M', 'max-file-size': '16M' }
  return [
    { name: '1000 files, 32 MiB', options: { ...sizes, ...many(1000, `${page}${page}`) } },
    { name: '2 files of 16 MiB', options: { ...sizes, ...many(2, large.repeat(16)) } },
    { name: '35 files of one value', options: { ...sizes, ...many(35, large) } },
    { name: '2 templates of 16 MiB, 4.6 million braces', options: { ...sizes, ...many(2, `@${braces}`) } },
    {
      name: 'filters over large values',
      options: {
        ...sizes,
        ...many(500, `{{ local://bench/filtered${' | urlencode | json | trim'.repeat(2)} }}`),
      },
    },
    {
      name: '4000 references to one large value, refused',
      options: { ...sizes, ...many(100, large.repeat(40)) },
    },
  ]
}

function many(count: number, template: string): Options {
  return Object.fromEntries(Array.from({ length: count }, (_, n) => [`secret.f${n}`, template]))
}

/** Lists and gets for as long as the hostile volume is created and mounted. */
async function measure({ name, options }: Hostile): Promise<void> {
  const own = join(folder, name.replaceAll(/\W/g, ''))
  const daemon = await startDaemon({ folder: own, program: PROGRAM, env })
  try {
    await daemon.call('VolumeDriver.Create', {
      Name: 'other',
      Opts: { 'secret.a': '{{ local://bench/small }}' },
    })
    await warmUp(daemon)
    const idle = await listsAndGets(daemon, sleep(1000))
    daemon.process.kill('SIGUSR2')
    const started = performance.now()
    const work = createAndMount(daemon, options)
    const { lists, gets } = await listsAndGets(daemon, work)
    const ms = performance.now() - started
    const shown = `${name}: ${(await work).slice(0, 200) || 'mounted'}`
    process.stdout.write(`${shown}\n`)
    show({ name: '  Create and Mount', reach: '', values: [ms] })
    show({ name: '  List before', reach: '', values: idle.lists })
    show({ name: '  List meanwhile', reach: 'p99 <= 50', values: lists })
    show({ name: '  Get meanwhile', reach: 'p99 <= 50', values: gets })
  } finally {
    await daemon.call('VolumeDriver.Unmount', { Name: 'v', ID })
    show({ name: '  most memory', reach: '', values: [await peakMiB(daemon)], unit: 'MiB' })
    await daemon.stop()
    showTurns(daemon.output())
  }
}

async function warmUp(daemon: Daemon): Promise<void> {
  for (let n = 0; n < 5; n += 1) {
    await daemon.call('VolumeDriver.Mount', { Name: 'other', ID })
    await daemon.call('VolumeDriver.Unmount', { Name: 'other', ID })
  }
}

async function peakMiB({ process: { pid } }: Daemon): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? Number.NaN) / 1024
}

function showTurns(output: string): void {
  const { cpuMs, p99Ms } = JSON.parse(/turns=(.*)/.exec(output)?.[1] ?? '{}') as Turns
  show({ name: '  longest turn of the event loop, CPU time', reach: '<= 50', values: [cpuMs] })
  show({ name: '  p99 of the delay of the event loop', reach: '<= 50', values: [p99Ms] })
}

/** Returns why it was refused, or an empty text. */
async function createAndMount(daemon: Daemon, options: Options): Promise<string> {
  const created = await daemon.call('VolumeDriver.Create', { Name: 'v', Opts: options })
  if (created.Err !== '') return created.Err
  return (await daemon.call('VolumeDriver.Mount', { Name: 'v', ID })).Err
}

/** Measures until `work` has ended. */
async function listsAndGets(daemon: Daemon, work: Promise<unknown>) {
  const lists: number[] = []
  const gets: number[] = []
  const state = { isOver: false }
  const over = work.finally(() => (state.isOver = true))
  while (!state.isOver) {
    lists.push(await timeOf(() => daemon.call('VolumeDriver.List', {})))
    gets.push(await timeOf(() => daemon.call('VolumeDriver.Get', { Name: 'other' })))
  }
  await over
  return { lists, gets }
}

async function timeOf(call: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await call()
  return performance.now() - start
}
