/**
 * `node bench/dashboard.ts`: the pages of the dashboard with 10,000 machines and 1,000,000 lines of audit:
 * the time of each at the median of 50 requests, the CPU time of the broker for one, and the bytes of all
 * pages with the files that they need, as a browser receives them.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chainRows } from '../src/core/broker/audit/chain-rows.ts'
import { createAuditStore } from '../src/host/broker/audit-store.ts'
import { createBrokerStore } from '../src/host/broker/broker-store.ts'
import { openSqlite } from '../src/host/broker/sqlite.ts'
import { startDashboard } from '../test/support/dashboard.ts'

const MACHINES = 10_000
const LINES = 1_000_000
const LINES_AT_ONCE = 10_000
const REQUESTS = 50
const TICK_MS = 10
const MOST_MS = 50
const MOST_BYTES = 90 * 1024
/** As every browser asks. */
const GZIP = { 'accept-encoding': 'gzip, deflate, br, zstd' }

const folder = mkdtempSync(join(tmpdir(), 'locket-bench-dashboard-'))
const dashboard = await startDashboard({ folder })
const { anna, broker } = dashboard
try {
  for (let number = 0; number < 20; number += 1)
    await broker.admin('POST', '/v1/secrets', {
      project: 'shop',
      name: `s${number}`,
      reference: 'dotenv://DB',
    })
  await addMachines()
  await addLines()
  const pages = [
    '/',
    '/machines',
    '/machines/m-07777',
    '/projects',
    '/projects/shop',
    '/integrations',
    '/integrations/docker/create',
    '/integrations/docker/bundle',
    '/audit',
    '/policy',
    '/people',
    '/people/anna',
    '/account',
  ]
  // Other parts of a page that is counted once.
  for (const path of [
    '/machines?after=m-05000',
    '/machines?search=99',
    '/machines?state=disabled',
    '/audit?machine=m-00077',
    '/audit?outcome=denied',
    '/audit?secret=shop%2Fs7',
    '/audit?before=500000',
    // Questions that have few answers among many lines, or none.
    '/machines?search=zzz',
    '/audit?outcome=failed',
    '/audit?machine=m-00077&outcome=denied',
    '/audit?secret=shop%2Fs7&outcome=failed',
    '/audit?since=2020-01-01',
    '/audit?since=2099-01-01',
    '/audit?since=2099-01-01&outcome=denied',
    '/audit?since=2099-01-01&secret=shop%2Fs7',
  ])
    print(path, await measured(path), (await anna.get(path, GZIP)).bytes.byteLength)
  let bytes = 0
  for (const path of pages) {
    const sent = (await anna.get(path, GZIP)).bytes.byteLength
    bytes += sent
    print(path, await measured(path), sent)
  }
  const { text } = await anna.get('/')
  const files = new Set([...text.matchAll(/"(\/assets\/[^"#]+)/g)].map(([, path = '']) => path))
  for (const path of files) bytes += (await anna.get(path)).bytes.byteLength
  process.stdout.write(`all pages with style, script and icon: ${bytes} bytes, at most ${MOST_BYTES}\n`)
  if (bytes > MOST_BYTES) process.exitCode = 1
} finally {
  await broker.stop()
  rmSync(folder, { recursive: true })
}

/** Writes the machines into the database of the broker, beside it. */
async function addMachines(): Promise<void> {
  await using store = createBrokerStore(openSqlite(join(folder, 'broker', 'broker.db')))
  for (let number = 0; number < MACHINES; number += 1) {
    const name = `m-${String(number).padStart(5, '0')}`
    const grants = [0, 1, 2].map((at) => ({ project: 'shop', name: `s${(number + at) % 20}` }))
    await store.addMachine({
      machine: { id: `m_${name}`, name, state: 'enabled', cidrs: [], createdAt: Date.now() },
      grants,
    })
  }
}

/** Appends reads of all machines to the audit, one in a thousand denied. */
async function addLines(): Promise<void> {
  await using database = openSqlite(join(folder, 'broker', 'broker.db'))
  const store = createAuditStore(database)
  for (let count = 0; count < LINES; count += LINES_AT_ONCE) {
    const head = await store.head()
    const entries = Array.from({ length: LINES_AT_ONCE }, (_, at) => ({
      at: Date.now(),
      actor: `machine m_${at}`,
      action: 'read' as const,
      target: `shop/s${at % 20}`,
      machine: `m-${String(at).padStart(5, '0')}`,
      secret: `shop/s${at % 20}`,
      address: '10.0.0.1',
      outcome: at % 1000 === 0 ? ('denied' as const) : ('allowed' as const),
      reason: 'grant',
    }))
    if (!(await store.append(chainRows(entries, head), head))) count -= LINES_AT_ONCE
  }
}

/** The median of the times, and the CPU time of the broker for one request, both in milliseconds. */
async function measured(path: string): Promise<{ readonly ms: number; readonly cpuMs: number }> {
  const times: number[] = []
  const before = cpuTicks()
  for (let count = 0; count < REQUESTS; count += 1) {
    const start = performance.now()
    await anna.get(path, GZIP)
    times.push(performance.now() - start)
  }
  const ms = times.toSorted((a, b) => a - b)[REQUESTS / 2] ?? Number.NaN
  return { ms, cpuMs: ((cpuTicks() - before) * TICK_MS) / REQUESTS }
}

/** The CPU time of the broker so far, in the ticks of proc_pid_stat(5). */
function cpuTicks(): number {
  const text = readFileSync(`/proc/${broker.process.pid}/stat`, 'utf8')
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return Number(fields[11]) + Number(fields[12])
}

function print(path: string, { ms, cpuMs }: Awaited<ReturnType<typeof measured>>, bytes: number): void {
  const [time, cpu] = [ms, cpuMs].map((value) => value.toFixed(1).padStart(6))
  process.stdout.write(`${path.padEnd(42)} ${time} ms ${cpu} ms CPU ${String(bytes).padStart(7)} bytes\n`)
  if (ms > MOST_MS) process.exitCode = 1
}
