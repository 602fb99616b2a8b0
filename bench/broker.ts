/**
 * The speed of a broker's requests, with the load in a process of its own: `node bench/broker.ts`.
 * Figures of one run stand together; a ratio says more than a figure, because it takes the machine out.
 */
import { fork } from 'node:child_process'
import { createPublicKey, randomBytes } from 'node:crypto'
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
import { SEALED_TYPE } from '../src/core/broker/sealed/seal.ts'
import { signAnswer } from '../src/core/broker/signing/answer-signature.ts'
import {
  isSignedBy,
  readRequestSignature,
  signRequest,
} from '../src/core/broker/signing/request-signature.ts'
import { sikkerkeyText } from '../src/core/broker/signing/sikkerkey.ts'
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
import { startKvServer } from './openbao.ts'

const [CONNECTIONS, MACHINES, REQUESTS, ROUNDS] = [16, 20, 2000, 5]
/** As long as the sealed answer with one value of 32 bytes. */
const ANSWER = Buffer.alloc(250)
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
    workloads: openWorkloads(database, [], { clock, proxyFor: async () => ({}) }),
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
  for (let n = 0; n < 20; n += 1)
    await store.addSecret({ project: 'shop', name: `s${n}`, reference: `memory://s${n}`, createdAt: 0 })
  const [signing, key] = [createSigningKey(), createSigningKey()]
  const verifier = createPublicKey(key)
  const machines = Array.from({ length: MACHINES }, () => ({ id: createMachineId(), key }))
  for (const { id, key } of machines) {
    const keys = { signing: rawPublicKey(key), sealing: rawPublicKey(sealingKeyOf(key)) }
    const machine = { id, name: id.slice(2), state: 'enabled', keys, cidrs: [], createdAt: 0 } as const
    await store.addMachine({ machine, grants: [{ project: 'shop', name: '*' }] })
  }
  const server = buildBrokerServer(undefined)
  serveMachines(server, { broker, clock, emit: noEvents, seals })
  serveSikkerkey(server, { broker, clock, emit: noEvents })
  serveGrackle(server, { broker, grackle: grackle.served, clock, emit: noEvents })
  server.get('/bare', async () => ({ value: 'x'.repeat(200) }))
  // The floor of a read: one signature is verified and one is made, and nothing else happens.
  server.post('/signs', async ({ raw: { headers, url = '' }, body }, reply) => {
    const claimed = readRequestSignature(headers)
    const target = { method: 'POST', authority: headers.host ?? '', url }
    if (claimed === undefined || !isSignedBy(verifier, claimed, target, body as Buffer))
      throw new Error('forged')
    const answer = {
      status: 200,
      contentType: SEALED_TYPE,
      body: ANSWER,
      requestSignature: claimed.signature,
    }
    const signature = signAnswer(answer, { key: signing, now: clock.now() })
    return reply.headers({ 'content-type': SEALED_TYPE, ...signature }).send(ANSWER)
  })
  await server.listen({ port: 0, host: '127.0.0.1' })
  const { port } = server.server.address() as AddressInfo

  /** Returns the headers and the body of a signed request. It is made before the clock runs. */
  function signed(path: string, id: string, refs: readonly string[]) {
    const body = JSON.stringify({ refs })
    const authority = `127.0.0.1:${port}`
    const target = { method: 'POST', authority, url: path }
    const headers = signRequest(target, Buffer.from(body), {
      key,
      machine: id,
      now: clock.now(),
      nonce: createNonce(),
    })
    return { body, headers: { ...headers, host: authority } }
  }

  /** Returns the headers of a read of SikkerKey's protocol. */
  function signedById(path: string, id: string): Sent {
    const [timestamp, nonce] = [String(Math.floor(clock.now() / 1000)), randomBytes(16).toString('base64')]
    const text = sikkerkeyText({ method: 'GET', path, timestamp, nonce, body: new Uint8Array(0) })
    const signature = toBase64(signBytes(key, text))
    return {
      headers: { 'x-machine-id': id, 'x-timestamp': timestamp, 'x-nonce': nonce, 'x-signature': signature },
    }
  }

  return {
    port,
    /** The machines take turns. */
    signed: (path: string, ...refs: string[]) =>
      Array.from({ length: REQUESTS / MACHINES }, () =>
        machines.map(({ id }) => signed(path, id, refs)),
      ).flat(),
    byId: (path: string) =>
      Array.from({ length: REQUESTS / MACHINES }, () =>
        machines.map(({ id }) => signedById(path, id)),
      ).flat(),
    grackled: () => Array.from({ length: REQUESTS / 4 }, () => grackle.request('s0')),
    async close() {
      broker[Symbol.dispose]()
      await server.close()
      await store[Symbol.asyncDispose]()
    },
  }
}

/** The figures of one load: milliseconds of each request, and requests for a CPU-second of this process. */
interface Loaded {
  readonly took: readonly number[]
  readonly rate: number
}

/** Seconds of a CPU that this process has used. */
function ownCpu(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

/** Sends the requests from a process of its own. `cpu` is that of the server. */
async function load(
  port: number,
  path: string,
  requests: readonly Sent[],
  cpu: () => number = ownCpu,
): Promise<Loaded> {
  const child = fork(new URL('./broker-load.ts', import.meta.url))
  const heard = async (): Promise<unknown> => ((await once(child, 'message')) as readonly unknown[])[0]
  const ready = heard()
  child.send({ port, path, requests, connections: CONNECTIONS })
  await ready
  const done = heard()
  const before = cpu()
  child.send('go')
  const took = (await done) as readonly number[]
  const seconds = cpu() - before
  child.kill()
  return { took, rate: requests.length / seconds }
}

const REACHED = {
  added: { name: 'audit, durable before the answer, added to the median', reach: '≤ 5' },
  bare: { name: 'signed, sealed, audited read : bare route', reach: '≥ 0.25', unit: '×' },
  floor: { name: 'a route that verifies, signs and does nothing else : bare', reach: 'the floor', unit: '×' },
  values: { name: 'values of batches of 20', reach: '≥ 10000', unit: '/CPU-s' },
  kv: { name: "signed, sealed, audited read : read of OpenBao's KV", reach: '≥ 1.0', unit: '×' },
  kvValues: { name: "values of batches of 20 : reads of OpenBao's KV", reach: '≥ 8', unit: '×' },
  grackle: { name: "reads of grackleclub's protocol", reach: '≥ 500', unit: '/CPU-s' },
  sikkerkey: { name: '/v1 single read : /v2 unsealed', reach: '≥ 0.8', unit: '×' },
} as const

const stopping = new AbortController()
const kv = await startKvServer(stopping.signal)

try {
  const [plain, audited] = [await openServer('plain', false), await openServer('audited', true)]
  const open = await openServer('open', true, false)
  const batch = Array.from({ length: 20 }, (_, n) => `shop/s${n}`)
  /** The kinds of load. Each server answers its own requests, and all of them get the same turns. */
  const kinds = {
    bare: () =>
      load(
        plain.port,
        '/bare',
        Array.from({ length: REQUESTS }, () => ({})),
      ),
    floor: () => load(plain.port, '/signs', plain.signed('/signs', 'shop/s0')),
    without: () => load(plain.port, '/v2/resolve', plain.signed('/v2/resolve', 'shop/s0')),
    audited: () => load(audited.port, '/v2/resolve', audited.signed('/v2/resolve', 'shop/s0')),
    batches: () => load(audited.port, '/v2/resolve', audited.signed('/v2/resolve', ...batch)),
    grackle: () => load(audited.port, '/locket', audited.grackled()),
    unsealed: () => load(open.port, '/v2/resolve', open.signed('/v2/resolve', 'shop/s0')),
    sikkerkey: () => load(open.port, '/v1/secret/sk_s0', open.byId('/v1/secret/sk_s0')),
  }
  const names = Object.keys(kinds) as readonly (keyof typeof kinds)[]
  const figures: Record<keyof typeof REACHED, number[]> = {
    added: [],
    bare: [],
    floor: [],
    values: [],
    kv: [],
    kvValues: [],
    grackle: [],
    sikkerkey: [],
  }
  // The first round warms every kind up, and does not count.
  for (let round = 0; round <= ROUNDS; round += 1) {
    const got = {} as Record<keyof typeof kinds, Loaded>
    const ofKv =
      kv &&
      (await load(
        kv.port,
        kv.path,
        Array.from({ length: 2 * REQUESTS }, () => kv.request),
        kv.cpu,
      ))
    // Every other round goes backwards: none of them always follows the same other one.
    for (const name of round % 2 === 0 ? names : names.toReversed()) got[name] = await kinds[name]()
    if (round === 0) continue
    figures.added.push(median(got.audited.took) - median(got.without.took))
    figures.bare.push(got.audited.rate / got.bare.rate)
    figures.floor.push(got.floor.rate / got.bare.rate)
    figures.values.push(20 * got.batches.rate)
    figures.grackle.push(got.grackle.rate)
    figures.sikkerkey.push(got.sikkerkey.rate / got.unsealed.rate)
    const rates = names.map((name) => `${name} ${got[name].rate.toFixed(0)}`).join(', ')
    if (ofKv !== undefined) {
      figures.kv.push(got.audited.rate / ofKv.rate)
      figures.kvValues.push((20 * got.batches.rate) / ofKv.rate)
    }
    print(
      `requests for a CPU-second of the server: ${rates}${ofKv === undefined ? '' : `, ${kv?.name} ${ofKv.rate.toFixed(0)}`}`,
    )
  }
  if (kv === undefined) print("OpenBao's KV: not measured, neither `bao` nor `vault` is on the PATH")
  for (const name of Object.keys(REACHED) as readonly (keyof typeof REACHED)[])
    if (figures[name].length > 0) print(report({ ...REACHED[name], values: figures[name] }))
  await Promise.all([plain.close(), audited.close(), open.close()])
} finally {
  stopping.abort()
  await rm(folder, { recursive: true, force: true })
}
