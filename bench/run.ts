/**
 * The volume driver's speed, on the real daemon as root: `make bench`.
 * Figures of one run stand together; a ratio says more than a figure, because it takes the machine out.
 */
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import http from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { callSocket, startDaemon, type Daemon } from '../test/support/daemon.ts'
import { setSecrets } from '../test/support/local-secrets.ts'
import { manyItems } from '../test/fixtures/servers/connect-data.ts'
import { startConnectServer } from '../test/fixtures/servers/connect.ts'
import { report, timed, type Sample } from './measure.ts'
import { startManagers } from './provider-requests.ts'

const PROGRAM = process.argv[2] ?? new URL('../dist/locket/bin/locket', import.meta.url).pathname
const id = (n: number) => n.toString(16).padStart(64, '0')
const optionsOf = (count: number, ref: (n: number) => string) =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [`secret.file${n}`, `{{ ${ref(n)} }}`]))
const localOptions = optionsOf(20, (n) => `local://bench/secret${n}`)

const folder = await mkdtemp(join(tmpdir(), 'locket-bench-'))
const print = (line: string) => process.stdout.write(`${line}\n`)
const show = (sample: Sample) => print(report(sample))

try {
  await setSecrets(folder, 'bench', 20)
  print(`node ${process.version}, ${process.arch}, program dist/locket`)
  await startUp()
  await withDaemon('one', {}, oneVolume)
  await withDaemon('get', {}, getAgainstEcho)
  await connectMounts()
  await requestsOfMounts()
  await withDaemon('hung', {}, whileMountsHang)
  await withDaemon('many', {}, manyVolumes)
} finally {
  await rm(folder, { recursive: true, force: true })
}

async function startUp(): Promise<void> {
  const values: number[] = []
  for (let run = 0; run < 11; run += 1) {
    const start = performance.now()
    const daemon = await startDaemon(daemonOptions(`start${run}`, {}))
    values.push(performance.now() - start)
    await daemon.stop()
  }
  show({ name: 'exec to first answer on the socket (polled every 10 ms)', reach: '< 250', values })
}

async function oneVolume(daemon: Daemon): Promise<void> {
  await must(daemon, 'Create', { Name: 'v', Opts: localOptions })
  await mountOnce(daemon, 0)
  const mounts: number[] = []
  const unmounts: number[] = []
  for (let run = 1; run <= 100; run += 1) {
    mounts.push(...(await timed(1, () => must(daemon, 'Mount', { Name: 'v', ID: id(run) }))))
    unmounts.push(...(await timed(1, () => must(daemon, 'Unmount', { Name: 'v', ID: id(run) }))))
  }
  show({ name: 'Mount, 20 secrets in 20 files, local', reach: 'p50 < 10', values: mounts })
  show({ name: 'last Unmount with wipe', reach: 'p50 < 10', values: unmounts })
}

async function mountOnce(daemon: Daemon, n: number): Promise<void> {
  await must(daemon, 'Mount', { Name: 'v', ID: id(n) })
  await must(daemon, 'Unmount', { Name: 'v', ID: id(n) })
}

async function getAgainstEcho(daemon: Daemon): Promise<void> {
  await must(daemon, 'Create', { Name: 'v', Opts: localOptions })
  const echoSocket = join(folder, 'echo.sock')
  const echo = http.createServer((request, response) => request.pipe(response)).listen(echoSocket)
  await new Promise((done) => echo.once('listening', done))
  const answer = JSON.stringify((await daemon.call('VolumeDriver.Get', { Name: 'v' })).json)
  const warm = (socket: string, body: unknown) =>
    timed(1500, () => callSocket(socket, 'VolumeDriver.Get', body))
  await warm(daemon.socket, { Name: 'v' })
  await warm(echoSocket, JSON.parse(answer))
  const get = await warm(daemon.socket, { Name: 'v' })
  const bare = await warm(echoSocket, JSON.parse(answer))
  echo.close()
  show({ name: 'Get on the socket', reach: 'at most 2 x the echo', values: get })
  show({ name: 'bare node:http echo of the same answer', reach: '', values: bare })
}

async function connectMounts(): Promise<void> {
  await using connect = await startConnectServer({ data: manyItems(10), token: 'bench-token' })
  connect.knobs.delayMs = 50
  const vault = connect.data.vaults[0]?.name ?? ''
  const env = {
    SECRETS_PROVIDER: 'op-connect',
    OP_CONNECT_HOST: connect.url,
    OP_CONNECT_TOKEN: 'bench-token',
    LOCKET_LINGER: '0s',
  }
  const refs = optionsOf(20, (n) => `op://${vault}/item ${n % 10}/${n < 10 ? 'username' : 'password'}`)
  const first: number[] = []
  const cold: number[] = []
  const warm: number[] = []
  for (let run = 0; run < 5; run += 1) {
    await withDaemon(`connect${run}`, env, async (daemon) => {
      // A removed volume takes its provider's client along, and with it the names that it knew.
      for (const values of [first, cold, cold]) {
        await must(daemon, 'Create', { Name: 'v', Opts: refs })
        values.push(await timeOfMount(daemon))
        for (let again = 0; again < 3; again += 1) warm.push(await timeOfMount(daemon))
        await must(daemon, 'Remove', { Name: 'v' })
      }
    })
  }
  show({
    name: 'Mount, 20 secrets of 10 items, Connect 50 ms, cold',
    reach: '< 230 (4 trips + 30)',
    values: cold,
  })
  show({ name: 'the same, names known', reach: '< 80 (1 trip + 30)', values: warm })
  show({ name: 'the same, cold, first of its process', reach: 'told', values: first })
}

/** The requests of a second mount, and of fifty at once: providers bill and throttle by them. */
async function requestsOfMounts(): Promise<void> {
  for (const manager of await startManagers()) {
    await using at = manager
    const { service, env, name } = at
    await withDaemon(name.replace(/\W/g, ''), { ...env, LOCKET_LINGER: '0s' }, async (daemon) => {
      const opts = optionsOf(20, (n) => at.reference(n))
      for (let n = 0; n < 50; n += 1) await must(daemon, 'Create', { Name: `v${n}`, Opts: opts })
      await timeOfMount(daemon, 'v0')
      const known = service.requests.length
      await timeOfMount(daemon, 'v0')
      const second = service.requests.length - known
      service.knobs.delayMs = 200
      const mounts = Array.from({ length: 50 }, (_, n) => must(daemon, 'Mount', { Name: `v${n}`, ID: id(n) }))
      await Promise.all(mounts)
      const fifty = service.requests.length - known - second
      show({ name: `${name}: requests of a mount, logged in`, reach: '1', values: [second], unit: '' })
      show({ name: 'the same, of 50 mounts at once', reach: '1', values: [fifty], unit: '' })
      for (let n = 0; n < 50; n += 1) await must(daemon, 'Unmount', { Name: `v${n}`, ID: id(n) })
    })
  }
}

/** The duration of the Mount alone. */
async function timeOfMount(daemon: Daemon, name = 'v'): Promise<number> {
  const [ms = Number.NaN] = await timed(1, () => must(daemon, 'Mount', { Name: name, ID: id(0) }))
  await must(daemon, 'Unmount', { Name: name, ID: id(0) })
  return ms
}

async function whileMountsHang(daemon: Daemon): Promise<void> {
  const dead = http.createServer(() => undefined).listen(0, '127.0.0.1')
  await new Promise((done) => dead.once('listening', done))
  const address = dead.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const opts = {
    ...optionsOf(5, (n) => `op://Vault/Item/f${n}`),
    provider: 'op-connect',
    'connect-host': `http://127.0.0.1:${address.port}`,
    'connect-token': `file:${join(folder, 'token')}`,
    'mount-timeout': '20s',
  }
  await writeFile(join(folder, 'token'), 'dead')
  for (let n = 0; n < 50; n += 1) await must(daemon, 'Create', { Name: `hung${n}`, Opts: opts })
  const hangUp = new AbortController()
  const hung = Array.from({ length: 50 }, (_, n) =>
    daemon
      .call('VolumeDriver.Mount', { Name: `hung${n}`, ID: id(n) }, { signal: hangUp.signal })
      .catch(() => undefined),
  )
  await sleep(500)
  const gets = await timed(500, (n) => must(daemon, 'Get', { Name: `hung${n % 50}` }))
  const lists = await timed(200, () => must(daemon, 'List', {}))
  show({ name: 'Get while 50 mounts hang on a dead provider', reach: 'p99 < 10, none > 1000', values: gets })
  show({ name: 'List at the same time', reach: 'p99 < 10, none > 1000', values: lists })
  hangUp.abort()
  await Promise.all(hung)
  dead.closeAllConnections()
  dead.close()
}

async function manyVolumes(daemon: Daemon): Promise<void> {
  for (let n = 0; n < 200; n += 1) await must(daemon, 'Create', { Name: `v${n}`, Opts: localOptions })
  const mountAll = (from: number, to: number) =>
    Promise.all(
      Array.from({ length: to - from }, (_, n) =>
        must(daemon, 'Mount', { Name: `v${from + n}`, ID: id(from + n) }),
      ),
    )
  const hundred = await timed(1, () => mountAll(0, 100))
  show({ name: '100 volumes x 20 secrets mounted at once, local', reach: '< 500', values: hundred })
  await mountAll(100, 200)
  await sleep(3000)
  const status = await readFile(`/proc/${daemon.process.pid}/status`, 'utf8')
  const memory = (key: string) =>
    Number(new RegExp(`${key}:\\s+(\\d+)`).exec(status)?.[1] ?? Number.NaN) / 1024
  show({
    name: '200 volumes x 20 secrets mounted, RssAnon',
    reach: '<= 80',
    values: [memory('RssAnon')],
    unit: 'MiB',
  })
  show({ name: 'the same, VmRSS', reach: 'told', values: [memory('VmRSS')], unit: 'MiB' })
  const before = await cpuTicks(daemon)
  await sleep(5000)
  show({
    name: 'the same, idle CPU',
    reach: '< 1',
    values: [(await cpuTicks(daemon)) - before].map((ticks) => ticks / 5),
    unit: '%',
  })
  for (let n = 0; n < 200; n += 1) await must(daemon, 'Unmount', { Name: `v${n}`, ID: id(n) })
}

/** User and system time in hundredths of a second. */
async function cpuTicks(daemon: Daemon): Promise<number> {
  const fields = (await readFile(`/proc/${daemon.process.pid}/stat`, 'utf8')).split(') ')[1]?.split(' ') ?? []
  return Number(fields[11]) + Number(fields[12])
}

function daemonOptions(name: string, env: Record<string, string>) {
  const own = join(folder, name)
  return {
    folder: own,
    program: [PROGRAM] as const,
    env: {
      ...env,
      LOCKET_LOCAL_FILE: join(folder, 'secrets.age'),
      LOCKET_LOCAL_KEY: join(folder, 'local.key'),
      LOCKET_LOG_LEVEL: 'warn',
    },
  }
}

async function withDaemon(
  name: string,
  env: Record<string, string>,
  work: (daemon: Daemon) => Promise<void>,
): Promise<void> {
  const daemon = await startDaemon(daemonOptions(name, env))
  try {
    await work(daemon)
  } finally {
    await daemon.stop()
    spawn('sh', ['-c', `mount | grep -o "${folder}[^ ]*" | xargs -r umount -l`], { stdio: 'ignore' })
  }
}

async function must(daemon: Daemon, endpoint: string, body: unknown): Promise<void> {
  const { Err } = await daemon.call(`VolumeDriver.${endpoint}`, body)
  if (Err !== '') throw new Error(`${endpoint}: ${Err}`)
}
