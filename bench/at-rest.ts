/**
 * A sidecar and a daemon while nothing happens: `node bench/at-rest.ts [PROGRAM…]`, as root. All of them rest
 * at the same time. Wake-ups are the voluntary context switches of all threads.
 */
import { spawn, spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startDaemon } from '../test/support/daemon.ts'
import { setSecrets } from '../test/support/local-secrets.ts'
import { report } from './measure.ts'

const OURS = new URL('../dist/locket/bin/locket', import.meta.url).pathname
const PROGRAMS = process.argv.length > 2 ? process.argv.slice(2) : [OURS]
const TEMPLATES = 10
/** V8 collects garbage once more, half a minute after the last work. */
const SETTLE_MS = 45_000
const REST_MS = 30_000

interface Resting {
  readonly name: string
  readonly pid: number
  stop(): Promise<unknown>
}

// Not below /tmp, where other programs make files.
const folder = await mkdtemp('/var/lib/locket-bench-')
const env = {
  PATH: process.env['PATH'] ?? '',
  LOCKET_LOCAL_FILE: join(folder, 'secrets.age'),
  LOCKET_LOCAL_KEY: join(folder, 'local.key'),
}
const resting: Resting[] = []
try {
  await setSecrets(folder, 'bench', TEMPLATES)
  await mkdir(join(folder, 'templates'))
  for (let n = 0; n < TEMPLATES; n += 1)
    await writeFile(join(folder, `templates/t${n}`), `a={{ local://bench/secret${n} }}`)
  for (const [n, program] of PROGRAMS.entries())
    resting.push(sidecar(program, `out${n}`), await daemon(program, `daemon${n}`))
  await sleep(SETTLE_MS)
  const before = await Promise.all(resting.map(factsOf))
  await sleep(REST_MS)
  for (const [n, { name, pid }] of resting.entries()) {
    const { wakeUps, ticks } = before[n] ?? { wakeUps: 0, ticks: 0 }
    const now = await factsOf({ pid })
    const rows = [
      ['wake-ups in 30 s', '<= 5', now.wakeUps - wakeUps, ''],
      ['CPU in 30 s', '0', (now.ticks - ticks) * 10, 'ms'],
      ['RssAnon', name.startsWith('sidecar') ? '<= 12' : 'told', now.rssAnonMiB, 'MiB'],
    ] as const
    for (const [what, reach, value, unit] of rows)
      process.stdout.write(`${report({ name: `${name}, ${what}`, reach, values: [value], unit })}\n`)
  }
} finally {
  for (const one of resting) await one.stop()
  spawnSync('sh', ['-c', `grep -o ' ${folder}/[^ ]*' /proc/self/mountinfo | xargs -r umount -l`])
  await rm(folder, { recursive: true, force: true })
}

function sidecar(program: string, out: string): Resting {
  const words = ['inject', `--map=${folder}/templates:${folder}/${out}`, '--mode=watch']
  const child = spawn(program, words, { env, stdio: 'ignore' })
  return {
    name: `sidecar of ${TEMPLATES} templates, ${program}`,
    pid: child.pid ?? 0,
    stop: async () => child.kill(),
  }
}

async function daemon(program: string, name: string): Promise<Resting> {
  const own = await startDaemon({
    folder: join(folder, name),
    program: [program],
    env: { ...env, LOCKET_LOG_LEVEL: 'error' },
  })
  const Opts = { 'secret.a': '{{ local://bench/secret0 }}' }
  await own.call('VolumeDriver.Create', { Name: 'v', Opts })
  await own.call('VolumeDriver.Mount', { Name: 'v', ID: 'one' })
  return {
    name: `daemon with a mounted volume, ${program}`,
    pid: own.process.pid ?? 0,
    stop: () => own.stop('SIGKILL'),
  }
}

async function factsOf({ pid }: Pick<Resting, 'pid'>) {
  const threads = await readdir(`/proc/${pid}/task`)
  const statuses = await Promise.all(
    threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/status`, 'utf8')),
  )
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]?.split(' ') ?? []
  return {
    wakeUps: statuses.reduce((sum, status) => sum + numberOf(status, 'voluntary_ctxt_switches'), 0),
    ticks: Number(fields[11]) + Number(fields[12]),
    rssAnonMiB: numberOf(statuses[0] ?? '', 'RssAnon') / 1024,
  }
}

function numberOf(status: string, key: string): number {
  return Number(new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? Number.NaN)
}
