/**
 * 200 volumes with 20 secrets each while nothing changes, and mounts meanwhile: `node bench/refresh.ts
 * [PROGRAM]`, as root, some five minutes. One daemon refreshes, the other one does not, at the same time.
 */
import { spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { mountOf } from '../test/fixtures/servers/bao-data.ts'
import { startBaoServer, type BaoServer } from '../test/fixtures/servers/bao.ts'
import { startDaemon, type Daemon } from '../test/support/daemon.ts'
import { median, report, timed, type Sample } from './measure.ts'

const PROGRAM = process.argv[2] ?? new URL('../dist/locket/bin/locket', import.meta.url).pathname
const [VOLUMES, SECRETS, TOKEN] = [200, 20, 'bench-token']
/** V8 collects garbage once more, half a minute after the last work. */
const SETTLE_MS = 45_000
const INTERVALS = 3
const MOUNTS_MS = 40_000

interface Measured {
  readonly daemon: Daemon
  readonly server: BaoServer
}

const folder = await mkdtemp(join(tmpdir(), 'locket-bench-'))
const open: Measured[] = []
const print = (sample: Sample) => process.stdout.write(`${report(sample)}\n`)
try {
  process.stdout.write(
    `load ${loadavg()
      .map((load) => load.toFixed(1))
      .join(' ')}\n`,
  )
  await atRest(await start('every-minute', '60s'), await start('off', 'off'))
  await close()
  await mounts(await start('every-5-s', '5s'), await start('never', 'off'))
} finally {
  await close()
  spawnSync('sh', ['-c', `grep -o ' ${folder}/[^ ]*' /proc/self/mountinfo | xargs -r umount -l`])
  await rm(folder, { recursive: true, force: true })
}

async function atRest(refreshing: Measured, resting: Measured): Promise<void> {
  await sleep(SETTLE_MS)
  const asked = () => refreshing.server.requests.length
  const [ticks, requests] = [await ticksOf(refreshing), asked()]
  const since = performance.now()
  await sleep(INTERVALS * 60_000)
  const seconds = (performance.now() - since) / 1000
  const share = (await ticksOf(refreshing)) - ticks
  const rss = await Promise.all([refreshing, resting].map(rssAnonOf))
  const name = `${VOLUMES} volumes x ${SECRETS} secrets, refresh 60s`
  print({ name: `${name}: share of a core`, reach: '< 1', values: [share / seconds], unit: '%' })
  const [own = Number.NaN, without = Number.NaN] = rss
  print({ name: `${name}: RssAnon`, reach: 'told', values: [own], unit: 'MiB' })
  print({ name: 'the same: ratio to no refresh', reach: '<= 1.25', values: [own / without], unit: 'x' })
  const each = (asked() - requests) / SECRETS
  print({
    name: `${INTERVALS} intervals: requests for each item`,
    reach: '3, give or take 1',
    values: [each],
    unit: '',
  })
}

/** A mount counts as one during a refresh when the server was asked for a refresh while it ran. */
async function mounts(refreshing: Measured, resting: Measured): Promise<void> {
  const during: number[] = []
  const all: number[] = []
  const without: number[] = []
  const Opts = { 'secret.a': '{{ bao://kv/mounted/value }}', refresh: 'off' }
  for (const { daemon } of [refreshing, resting]) await must(daemon, 'Create', { Name: 'm', Opts })
  const end = performance.now() + MOUNTS_MS
  while (performance.now() < end) {
    const before = refreshing.server.requests.length
    const [took = Number.NaN] = await timed(1, () =>
      must(refreshing.daemon, 'Mount', { Name: 'm', ID: 'one' }),
    )
    const seen = refreshing.server.requests.slice(before)
    all.push(took)
    if (seen.some((request) => !request.endsWith('/mounted'))) during.push(took)
    without.push(...(await timed(1, () => must(resting.daemon, 'Mount', { Name: 'm', ID: 'one' }))))
    for (const { daemon } of [refreshing, resting]) await must(daemon, 'Unmount', { Name: 'm', ID: 'one' })
  }
  const ratio = (values: readonly number[]) => (median(values) / median(without)).toFixed(2)
  print({ name: 'Mount, 1 secret, 200 volumes at rest', reach: 'told', values: without })
  print({ name: `200 volumes refresh every 5 s: ${ratio(all)} x`, reach: 'p50 <= 1.2 x', values: all })
  print({ name: `those during a refresh: ${ratio(during)} x`, reach: 'told', values: during })
}

/** Starts a daemon with its volumes mounted, and a server of its own. */
async function start(name: string, refresh: string): Promise<Measured> {
  const paths = Array.from({ length: SECRETS }, (_, n) => [`app${n}`, { value: `value-${n}` }] as const)
  const mounted = { mounted: { value: 'one' } }
  const server = await startBaoServer({
    data: { mounts: [mountOf('kv', 2, { ...Object.fromEntries(paths), ...mounted })] },
    tokens: { [TOKEN]: {} },
  })
  const env = { BAO_URL: server.url, BAO_TOKEN: TOKEN, LOCKET_LOG_LEVEL: 'error' }
  const daemon = await startDaemon({ folder: join(folder, name), program: [PROGRAM], env })
  const measured = { daemon, server }
  open.push(measured)
  const secrets = paths.map(([path], n) => [`secret.s${n}`, `{{ bao://kv/${path}/value }}`] as const)
  const Opts = { ...Object.fromEntries(secrets), refresh }
  for (let n = 0; n < VOLUMES; n += 1) {
    await must(daemon, 'Create', { Name: `v${n}`, Opts })
    await must(daemon, 'Mount', { Name: `v${n}`, ID: 'one' })
  }
  return measured
}

async function close(): Promise<void> {
  for (const { daemon, server } of open.splice(0)) {
    await daemon.stop('SIGKILL')
    await server[Symbol.asyncDispose]()
  }
}

/** Hundredths of a second of CPU time so far. */
async function ticksOf({ daemon }: Measured): Promise<number> {
  const fields = (await readFile(`/proc/${daemon.process.pid}/stat`, 'utf8')).split(') ')[1]?.split(' ') ?? []
  return Number(fields[11]) + Number(fields[12])
}

async function rssAnonOf({ daemon }: Measured): Promise<number> {
  const status = await readFile(`/proc/${daemon.process.pid}/status`, 'utf8')
  return Number(/^RssAnon:\s+(\d+)/m.exec(status)?.[1] ?? Number.NaN) / 1024
}

async function must(daemon: Daemon, endpoint: string, body: unknown): Promise<void> {
  const { Err } = await daemon.call(`VolumeDriver.${endpoint}`, body)
  if (Err !== '') throw new Error(`${endpoint}: ${Err}`)
}
