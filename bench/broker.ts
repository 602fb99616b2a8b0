/**
 * The speed of a broker's requests, with the load in a process of its own: `node bench/broker.ts`.
 * Figures of one run stand together; a ratio says more than a figure, because it takes the machine out.
 */
import { fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createAuditWriter } from '../src/app/broker/audit/writer.ts'
import { createBroker } from '../src/app/broker/broker.ts'
import type { BrokerPorts } from '../src/app/broker/ports.ts'
import { createSigningKey, rawPublicKey, sealingKeyOf, signBytes, toBase64 } from '../src/core/broker/keys.ts'
import { allowGranted, type BrokerAudit } from '../src/core/broker/seams.ts'
import { sikkerkeyText } from '../src/core/broker/signing/sikkerkey.ts'
import { signRequest } from '../src/core/broker/signing/request-signature.ts'
import { createMachineId, createNonce } from '../src/core/broker/tokens.ts'
import { createRef } from '../src/core/vocabulary/ref.ts'
import { Secret } from '../src/core/vocabulary/secret.ts'
import { createAuditStore } from '../src/host/broker/audit-store.ts'
import { createBrokerStore } from '../src/host/broker/broker-store.ts'
import { createRegistryStore } from '../src/host/broker/grackle/registry-store.ts'
import { openWorkloads } from '../src/host/broker/workload/open-workloads.ts'
import { openSqlite } from '../src/host/broker/sqlite.ts'
import { zipFiles } from '../src/host/broker/zip.ts'
import { systemClock } from '../src/host/daemon/clock.ts'
import { buildBrokerServer } from '../src/http/broker/broker-server.ts'
import { serveMachines } from '../src/http/broker/machine-api.ts'
import { serveSikkerkey } from '../src/http/sikkerkey/sikkerkey-api.ts'
import { serveGrackle } from '../src/http/grackle/grackle-api.ts'
import type { Sent } from './broker-load.ts'
import { createGrackleLoad } from './grackle-load.ts'
import { median, report } from './measure.ts'

const [CONNECTIONS, REQUESTS, ROUNDS] = [16, 1500, 3]
const clock = systemClock()
const folder = await mkdtemp(join(tmpdir(), 'locket-bench-broker-'))
const print = (line: string) => process.stdout.write(`${line}\n`)
const noEvents = () => undefined

/** A broker on a database of its own, with one machine and 20 secrets. */
async function openServer(name: string, withAudit: boolean, seals = true) {
  const database = openSqlite(join(folder, `${name}.db`))
  const [store, audited] = [createBrokerStore(database), createAuditStore(database)]
  const written = createAuditWriter({ store: audited, clock, emit: noEvents, onFailure: 'deny' })
  const audit: BrokerAudit = withAudit ? written : async () => undefined
  const ports: BrokerPorts = {
    clock,
    emit: noEvents,
    store,
    resolve: async (refs) =>
      new Map(refs.map((ref) => [ref.id, { ok: true, secret: { value: new Secret(new Uint8Array(32)) } }])),
    expireValues: noEvents,
    parseRef: (text) => createRef('memory', text, text),
    decide: allowGranted,
    audit,
    audited,
    workloads: openWorkloads(database, [], { clock, env: {} }),
    settings: {
      url: 'http://127.0.0.1',
      names: ['127.0.0.1'],
      refreshMs: 60_000,
      rate: { count: 1e6, perMs: 1000 },
    },
    keys: { signing: createSigningKey(), authority: undefined },
    zip: zipFiles,
  }
  const broker = createBroker(ports)
  const grackle = createGrackleLoad(ports, createRegistryStore(database))
  const [id, key] = [createMachineId(), createSigningKey()]
  const keys = { signing: rawPublicKey(key), sealing: rawPublicKey(sealingKeyOf(key)) }
  for (let n = 0; n < 20; n += 1)
    await store.addSecret({ project: 'shop', name: `s${n}`, reference: `memory://s${n}`, createdAt: 0 })
  const machine = { id, name: 'web1', state: 'enabled', keys, cidrs: [], createdAt: 0 } as const
  await store.addMachine({ machine, grants: [{ project: 'shop', name: '*' }] })
  const server = buildBrokerServer(undefined)
  serveMachines(server, { broker, clock, emit: noEvents, seals })
  serveSikkerkey(server, { broker, clock, emit: noEvents })
  serveGrackle(server, { broker, grackle: grackle.served, clock, emit: noEvents })
  server.get('/bare', async () => ({ value: 'x'.repeat(200) }))
  await server.listen({ port: 0, host: '127.0.0.1' })
  const { port } = server.server.address() as AddressInfo

  /** Returns the headers and the body of a signed request. It is made before the clock runs. */
  function signed(refs: readonly string[]) {
    const body = JSON.stringify({ refs })
    const authority = `127.0.0.1:${port}`
    const target = { method: 'POST', authority, url: '/v2/resolve' }
    const headers = signRequest(target, Buffer.from(body), {
      key,
      machine: id,
      now: clock.now(),
      nonce: createNonce(),
    })
    return { body, headers: { ...headers, host: authority } }
  }

  /** Returns the headers of a read of SikkerKey's protocol. */
  function signedById(path: string): Sent {
    const [timestamp, nonce] = [String(Math.floor(clock.now() / 1000)), randomBytes(16).toString('base64')]
    const text = sikkerkeyText({ method: 'GET', path, timestamp, nonce, body: new Uint8Array(0) })
    const signature = toBase64(signBytes(key, text))
    return {
      headers: { 'x-machine-id': id, 'x-timestamp': timestamp, 'x-nonce': nonce, 'x-signature': signature },
    }
  }

  return {
    port,
    signed,
    signedById,
    grackled: (name: string) => grackle.request(name),
    async close() {
      broker[Symbol.dispose]()
      await server.close()
      await store[Symbol.asyncDispose]()
    },
  }
}

type Server = Awaited<ReturnType<typeof openServer>>
/** The figures of one load: milliseconds of each request, and requests for a CPU-second of this process. */
interface Loaded {
  readonly took: readonly number[]
  readonly rate: number
}

/** Sends the requests from a process of its own. */
async function load(port: number, path: string, requests: readonly Sent[]): Promise<Loaded> {
  const child = fork(new URL('./broker-load.ts', import.meta.url))
  const heard = async (): Promise<unknown> => ((await once(child, 'message')) as readonly unknown[])[0]
  const ready = heard()
  child.send({ port, path, requests, connections: CONNECTIONS })
  await ready
  const done = heard()
  const cpu = process.cpuUsage()
  child.send('go')
  const took = (await done) as readonly number[]
  const { user, system } = process.cpuUsage(cpu)
  child.kill()
  return { took, rate: requests.length / ((user + system) / 1e6) }
}

const many = (server: Server, ...refs: string[]) =>
  Array.from({ length: REQUESTS }, () => server.signed(refs))

try {
  const [plain, audited] = [await openServer('plain', false), await openServer('audited', true)]
  const bare = Array.from({ length: REQUESTS }, () => ({}))
  const batch = Array.from({ length: 20 }, (_, n) => `shop/s${n}`)
  const [added, ratios, values]: [number[], number[], number[]] = [[], [], []]
  await load(audited.port, '/v2/resolve', many(audited, 'shop/s0'))
  for (let round = 0; round < ROUNDS; round += 1) {
    const without = await load(plain.port, '/v2/resolve', many(plain, 'shop/s0'))
    const with_ = await load(audited.port, '/v2/resolve', many(audited, 'shop/s0'))
    const route = await load(plain.port, '/bare', bare)
    const batches = await load(audited.port, '/v2/resolve', many(audited, ...batch))
    added.push(median(with_.took) - median(without.took))
    ratios.push(with_.rate / route.rate)
    values.push(20 * batches.rate)
    print(
      `requests for a CPU-second of the server: bare ${route.rate.toFixed(0)}, read ${without.rate.toFixed(0)}, with audit ${with_.rate.toFixed(0)}`,
    )
  }
  const keyed: number[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    const requests = Array.from({ length: REQUESTS }, () => audited.grackled('s0'))
    keyed.push((await load(audited.port, '/locket', requests)).rate)
  }
  print(
    report({ name: 'audit, durable before the answer, added to the median', reach: '≤ 5', values: added }),
  )
  const read = 'signed, sealed single read : bare fastify route'
  print(report({ name: read, reach: '≥ 0.25', values: ratios, unit: '×' }))
  print(report({ name: 'values of batches of 20', reach: '≥ 10000', values, unit: '/CPU-s' }))
  print(report({ name: "reads of grackleclub's protocol", reach: '≥ 500', values: keyed, unit: '/CPU-s' }))
  const open = await openServer('open', true, false)
  const byId: number[] = []
  const path = '/v1/secret/sk_s0'
  const askedById = () => Array.from({ length: REQUESTS }, () => open.signedById(path))
  await load(open.port, path, askedById())
  await load(open.port, '/v2/resolve', many(open, 'shop/s0'))
  for (let round = 0; round < ROUNDS; round += 1) {
    const own = await load(open.port, '/v2/resolve', many(open, 'shop/s0'))
    const other = await load(open.port, path, askedById())
    byId.push(other.rate / own.rate)
    print(`for a CPU-second, with audit: /v2 unsealed ${own.rate.toFixed(0)}, /v1 ${other.rate.toFixed(0)}`)
  }
  print(report({ name: '/v1 single read : /v2 unsealed', reach: '≥ 0.8', values: byId, unit: '×' }))
  await Promise.all([plain.close(), audited.close(), open.close()])
} finally {
  await rm(folder, { recursive: true, force: true })
}
