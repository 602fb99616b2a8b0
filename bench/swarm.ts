/** Answers to `SecretProvider.GetSecret` of the real daemon, as root: `node bench/swarm.ts`. */
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { callSocket, startDaemon } from '../test/support/daemon.ts'
import { manyItems } from '../test/fixtures/servers/connect-data.ts'
import { startConnectServer } from '../test/fixtures/servers/connect.ts'
import { until } from '../scripts/engine/until.ts'
import { report, timed } from './measure.ts'

const PROGRAM = process.argv[2] ?? new URL('../dist/locket/bin/locket', import.meta.url).pathname
const TASKS = 500
const DISTINCT = 5
const CALLS = 2000

const folder = await mkdtemp(join(tmpdir(), 'locket-bench-'))
await using connect = await startConnectServer({ data: manyItems(DISTINCT + 1), token: 'bench-token' })
const vault = connect.data.vaults[0]?.name ?? ''
const env = {
  SECRETS_PROVIDER: 'op-connect',
  OP_CONNECT_HOST: connect.url,
  OP_CONNECT_TOKEN: 'bench-token',
  LOCKET_LINGER: '0s',
}
const daemon = await startDaemon({ folder, env, program: [PROGRAM] })

const itemsAsked = () => connect.requests.filter((request) => /\/items\/[^/?]+$/.test(request)).length

function ask(task: number, secret = task % DISTINCT): Promise<number> {
  const start = performance.now()
  const body = {
    SecretName: `secret${secret}`,
    SecretLabels: { 'locket.secret': `{{ op://${vault}/item ${secret}/password }}` },
    TaskID: `task${task}`,
    ServiceName: 'bench',
  }
  return callSocket(daemon.socket, 'SecretProvider.GetSecret', body).then(({ json, Err }) => {
    if (typeof json['Value'] !== 'string') throw new Error(Err)
    return performance.now() - start
  })
}

/** Milliseconds that the main thread of a process has run, and that it was ready and had no processor. */
function spentBy(pid: number | undefined): { readonly cpuMs: number; readonly waitMs: number } {
  const [cpu = 0, wait = 0] = readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ').map(Number)
  return { cpuMs: cpu / 1e6, waitMs: wait / 1e6 }
}

/** The waits of the two ends of a call, this process and the daemon. */
function waitedMs(): number {
  return spentBy(process.pid).waitMs + spentBy(daemon.process.pid).waitMs
}

/** A busy machine may not answer within 1.5 s: a Swarm then tries again. */
async function askAgain(task: number): Promise<number> {
  const start = performance.now()
  await until('a task gets its value', async () => (await ask(task)) > 0)
  return performance.now() - start
}

try {
  // The first question opens the provider.
  await until('the provider answers', async () => (await ask(0, DISTINCT)) > 0)
  connect.knobs.delayMs = 50
  const before = itemsAsked()
  const values = await Promise.all(Array.from({ length: TASKS }, (_, task) => askAgain(task + 1)))
  const fields = itemsAsked() - before
  const name = `GetSecret: ${TASKS} tasks at once, ${DISTINCT} secrets, provider 50 ms`
  process.stdout.write(`${report({ name, reach: `${DISTINCT} items asked for: ${fields}`, values })}\n`)
  const first = spentBy(daemon.process.pid)
  const waits: number[] = []
  const warm = await timed(CALLS, async (call) => {
    const start = waitedMs()
    await ask(TASKS + 1 + call)
    waits.push(waitedMs() - start)
  })
  const after = spentBy(daemon.process.pid)
  const sample = {
    name: 'GetSecret: the value is in memory, a new task',
    reach: 'p99 <= 10 ms',
    values: warm,
  }
  process.stdout.write(`${report(sample)}\n`)
  const without = warm.map((ms, call) => ms - (waits[call] ?? 0))
  process.stdout.write(
    `${report({ ...sample, name: '  the same without waits for a processor', values: without })}\n`,
  )
  const each = (ms: number) => (ms / CALLS).toFixed(2)
  const spent = `daemon ${each(after.cpuMs - first.cpuMs)} ms on a processor and ${each(after.waitMs - first.waitMs)} ms waiting for one`
  process.stdout.write(
    `  each call: ${spent}; load ${loadavg()[0]?.toFixed(1)} on ${availableParallelism()} processors\n`,
  )
  if (fields !== DISTINCT) process.exitCode = 1
} finally {
  await daemon.stop()
  await rm(folder, { recursive: true, force: true })
}
