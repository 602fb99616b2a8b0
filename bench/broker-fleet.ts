/**
 * The start of a broker with many machines, and a fleet of hosts that ask each minute, for three minutes:
 * `node bench/broker-fleet.ts [SECONDS OF A PERIOD] [PROGRAM] [--watches]`. `--watches` takes the same time
 * again for hosts that hold a watch too.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import https from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createSigningKey, privateKeyPem } from '../src/core/broker/keys.ts'
import { signRequest } from '../src/core/broker/signing/request-signature.ts'
import { createNonce } from '../src/core/broker/tokens.ts'
import { manyItems } from '../test/fixtures/servers/connect-data.ts'
import { startConnectServer } from '../test/fixtures/servers/connect.ts'
import { freePort } from '../test/support/free-port.ts'
import type { HostsOrder, HostsReport } from './broker-hosts.ts'
import { makeDatabase, PROGRAM, secretOf, serve, type ServedBroker, type World } from './broker-world.ts'
import { report } from './measure.ts'

const PERIOD_MS = 1000 * Number(process.argv[2] ?? 60)
const ITEMS = 400
const key = createSigningKey()
const print = (line: string) => process.stdout.write(`${line}\n`)
const folder = await mkdtemp(join(tmpdir(), 'locket-bench-fleet-'))

try {
  print(`program ${PROGRAM.at(-1)}`)
  await start()
  await fleet(false)
  if (process.argv.includes('--watches')) await fleet(true)
} finally {
  await rm(folder, { recursive: true, force: true })
}

/** Milliseconds from the start of the process to the first answer with a value, beside a small broker. */
async function start(): Promise<void> {
  const [small, large] = [
    await startable('small', {
      machines: 1,
      secrets: 10,
      grantsEach: 10,
      key,
      reference: () => 'env://VALUE',
    }),
    await startable('large', {
      machines: 10_000,
      secrets: 1000,
      grantsEach: 10,
      key,
      reference: () => 'env://VALUE',
    }),
  ]
  const [least, values, cpu]: [number[], number[], number[]] = [[], [], []]
  // The first start of each makes the keys of the broker.
  for (let run = 0; run < 6; run += 1) {
    const took = [await small(), await large()] as const
    if (run === 0) continue
    least.push(took[0].ms)
    values.push(took[1].ms)
    cpu.push(took[1].cpuMs)
  }
  print(report({ name: 'start with 1 machine, to the first answer', reach: 'not set', values: least }))
  print(report({ name: 'start with 10,000 machines, 100,000 grants', reach: '< 1000', values }))
  print(report({ name: '... the CPU of the process until then', reach: 'not set', values: cpu }))
}

/** Makes a broker's folder, and returns the function that starts it once. */
async function startable(name: string, world: World) {
  const own = join(folder, name)
  const [id = ''] = await makeDatabase(own, world)
  return async (): Promise<{ readonly ms: number; readonly cpuMs: number }> => {
    const port = await freePort()
    const begin = performance.now()
    const broker = serve(own, port, { VALUE: 'x', LOCKET_ENV_PROVIDER: 'true' })
    try {
      while (!(await readOnce(broker, id, `shop/${secretOf(world, 0, 0)}`))) await sleep(5)
      return { ms: performance.now() - begin, cpuMs: 1000 * broker.cpu() }
    } finally {
      await broker.stop()
    }
  }
}

/** Resolves with false if the broker does not answer yet. */
async function readOnce({ port, caFile }: ServedBroker, id: string, ref: string): Promise<boolean> {
  if (!existsSync(caFile)) return false
  const body = JSON.stringify({ refs: [ref] })
  const target = { method: 'POST', authority: `127.0.0.1:${port}`, url: '/v2/resolve' }
  const by = { key, machine: id, now: Date.now(), nonce: createNonce() }
  const headers = { ...signRequest(target, Buffer.from(body), by), host: target.authority }
  const { promise, resolve, reject } = Promise.withResolvers<boolean>()
  const to = { host: '127.0.0.1', servername: 'localhost', port, path: target.url, method: 'POST', headers }
  const request = https.request({ ...to, agent: false, ca: readFileSync(caFile) }, (answer) => {
    let text = ''
    answer.on('data', (chunk: Buffer) => (text += chunk.toString()))
    answer.once('end', () => (text.includes('"value"') ? resolve(true) : reject(new Error(text))))
  })
  request.once('error', () => resolve(false))
  request.end(body)
  return await promise
}

/** 1,000 hosts with 20 references each. The first period is that of the connections and first reads. */
async function fleet(watches: boolean): Promise<void> {
  const own = join(folder, `fleet-${watches}`)
  const reference = (n: number) => `op://bench/item ${n}/password`
  const world: World = { machines: 1000, secrets: ITEMS, grantsEach: 20, key, reference }
  const ids = await makeDatabase(own, world)
  await using manager = await startConnectServer({ data: manyItems(ITEMS), token: 'bench-token' })
  const env = { OP_CONNECT_HOST: manager.url, OP_CONNECT_TOKEN: 'bench-token' }
  const broker = serve(own, await freePort(), {
    ...env,
    LOCKET_BROKER_REFRESH: `${PERIOD_MS / 1000}s`,
  })
  try {
    while (!(await readOnce(broker, ids[0] ?? '', `shop/${secretOf(world, 0, 0)}`))) await sleep(20)
    const hosts = ids.map((id, at) => ({
      id,
      refs: Array.from({ length: 20 }, (_, n) => `shop/${secretOf(world, at, n)}`),
    }))
    const child = fork(new URL('./broker-hosts.ts', import.meta.url))
    const { port, caFile } = broker
    const keyPem = Buffer.from(privateKeyPem(key)).toString()
    const order: HostsOrder = {
      port,
      caFile,
      keyPem,
      hosts,
      watches,
      periodMs: PERIOD_MS,
      totalMs: 3 * PERIOD_MS,
    }
    child.send(order)
    const done = once(child, 'message')
    await sleep(PERIOD_MS * 1.05)
    const [cpu, asked, items, begin] = [broker.cpu(), manager.requests.length, itemsOf(), performance.now()]
    await sleep(PERIOD_MS * 1.85)
    const seconds = (performance.now() - begin) / 1000
    const periods = (1000 * seconds) / PERIOD_MS
    const used = (100 * (broker.cpu() - cpu)) / seconds
    const { now, most } = broker.memory()
    const [requests, ofItems] = [manager.requests.length - asked, itemsOf() - items]
    const [seen] = (await done) as readonly HostsReport[]
    print(
      `hosts${watches ? ' with watches' : ''}: ${JSON.stringify(seen)}; ${seconds.toFixed(0)} s, ${periods.toFixed(2)} periods`,
    )
    print(report({ name: '1000 hosts x 20 references, CPU', reach: '< 5', values: [used], unit: '%' }))
    print(
      report({
        name: '... memory at the end, and the most',
        reach: '≤ 160',
        values: [now, most],
        unit: 'MiB',
      }),
    )
    print(
      `requests for items in a period: ${(ofItems / periods).toFixed(0)} of ${ITEMS} items, all: ${(requests / periods).toFixed(0)}`,
    )
  } finally {
    await broker.stop()
  }

  function itemsOf(): number {
    return manager.requests.filter((text) => /\/items\/[^/?]+$/.test(text)).length
  }
}
