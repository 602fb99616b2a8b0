/**
 * The start of `locket run` with a mapping file of 20 secrets of three managers, each of which takes 50 ms
 * for an answer, against `locket exec` without a secret: `node bench/run-mapping.ts [PROGRAM]`. Both take
 * turns, so that a busy moment meets both.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { idOf } from '../test/fixtures/servers/connect-data.ts'
import { median, report, type Sample } from './measure.ts'
import { startManagers, type Manager } from './provider-requests.ts'

const LOCKET = process.argv[2] ?? new URL('../dist/locket/bin/locket', import.meta.url).pathname
const [RUNS, SECRETS, DELAY_MS] = [15, 20, 50]
/** Two round trips, and 60 ms for locket's own work. */
const MOST_MS = 2 * DELAY_MS + 60

const folder = await mkdtemp(join(tmpdir(), 'locket-bench-'))
const show = (sample: Sample) => process.stdout.write(`${report(sample)}\n`)
const started = await startManagers()
const [connect, ...others] = started.slice(0, 3)
if (connect === undefined) throw new Error('there is no Connect server')
/** By names Connect is asked three times, one after the other; with the id of the vault twice. */
const byId: Manager = {
  ...connect,
  name: `${connect.name}, vault by id`,
  reference: (n) => connect.reference(n).replace('op://bench/', `op://${idOf(1)}/`),
}
const managers = [byId, ...others]

try {
  const env: NodeJS.ProcessEnv = Object.assign({ PATH: process.env['PATH'] }, ...managers.map((it) => it.env))
  for (const { service } of managers) service.knobs.delayMs = DELAY_MS
  await compare('3 managers', managers, env)
  for (const manager of [...managers, connect]) await compare(manager.name, [manager], env)
} finally {
  await Promise.all(started.map((manager) => manager[Symbol.asyncDispose]()))
  await rm(folder, { recursive: true, force: true })
}

/** Shows how much longer `run` takes than `exec`: the difference of the medians. */
async function compare(name: string, asked: readonly Manager[], env: NodeJS.ProcessEnv): Promise<void> {
  const lines = Array.from({ length: SECRETS }, (_, n) => {
    const manager = asked[n % asked.length]
    return `S${n} = "{{ ${manager?.reference(n)} }}"\n`
  })
  await writeFile(join(folder, 'locket.toml'), `[secrets]\n${lines.join('')}`)
  const [plain, mapped]: [number[], number[]] = [[], []]
  const before = requestsOf(asked)
  for (let run = 0; run < RUNS; run += 1) {
    plain.push(await timeOf(['exec', '--', '/bin/true'], env))
    mapped.push(await timeOf(['run', '--', '/bin/true'], env))
  }
  const requests = (requestsOf(asked) - before) / RUNS
  show({ name: 'exec -- true', reach: '', values: plain })
  show({ name: `run, ${SECRETS} secrets, ${name}, ${DELAY_MS} ms each`, reach: '', values: mapped })
  show({ name: 'requests of a run', reach: '', values: [requests], unit: '' })
  const more = median(mapped) - median(plain)
  show({ name: 'more than exec', reach: `<= ${MOST_MS}`, values: [more] })
}

async function timeOf(words: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const began = performance.now()
  const child = spawn(LOCKET, words, { env, cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const [code] = (await once(child, 'close')) as [number | null]
  if (code !== 0) throw new Error(said)
  return performance.now() - began
}

function requestsOf(asked: readonly Manager[]): number {
  return asked.reduce((sum, { service }) => sum + service.requests.length, 0)
}
