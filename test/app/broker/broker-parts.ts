import type { TestContext } from 'node:test'
import { join } from 'node:path'
import { createBroker, type Broker } from '../../../src/app/broker/broker.ts'
import type { Authenticated } from '../../../src/app/broker/authenticate.ts'
import type { BrokerPorts } from '../../../src/app/broker/ports.ts'
import { createSigningKey, rawPublicKey, sealingKeyOf, type Key } from '../../../src/core/broker/keys.ts'
import type { AuditEntry } from '../../../src/core/broker/seams.ts'
import { signRequest } from '../../../src/core/broker/signing/request-signature.ts'
import { createMachineId, createNonce } from '../../../src/core/broker/tokens.ts'
import { createRef } from '../../../src/core/vocabulary/ref.ts'
import { Secret } from '../../../src/core/vocabulary/secret.ts'
import type { BrokerStore } from '../../../src/core/ports/broker-store.ts'
import { createAuditStore } from '../../../src/host/broker/audit-store.ts'
import { openWorkloads } from '../../../src/host/broker/workload/open-workloads.ts'
import { createBrokerStore } from '../../../src/host/broker/broker-store.ts'
import { openSqlite } from '../../../src/host/broker/sqlite.ts'
import { zipFiles } from '../../../src/host/broker/zip.ts'
import { createManualClock, type ManualClock } from '../../fakes/manual-clock.ts'
import { createRecordingLog, type RecordingLog } from '../../fakes/recording-log.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

/** The parts of a request that a test can change. */
export interface Asks {
  readonly key?: Key
  readonly nonce?: string
  readonly created?: number
  readonly address?: string
}

/** A broker in this process, with a clock that the test moves. */
export interface BrokerParts {
  readonly broker: Broker
  readonly ports: BrokerPorts
  readonly clock: ManualClock
  readonly store: BrokerStore
  readonly log: RecordingLog
  readonly audited: AuditEntry[]
  /** The bytes behind `memory://NAME`. */
  readonly values: Map<string, Uint8Array>
  /** Adds an enabled machine with all grants of the project `shop`. */
  machine(name: string): Promise<{ readonly id: string; readonly key: Key }>
  /** Sends a signed request to the broker, or to another one that has the same store. */
  ask(machine: { readonly id: string; readonly key: Key }, asks?: Asks, at?: Broker): Promise<Authenticated>
}

const HOST = 'broker.example'

/** Makes it with an SQLite file in a temporary folder. `change` replaces ports. */
export async function brokerParts(
  t: Pick<TestContext, 'after'>,
  change: Partial<BrokerPorts> = {},
): Promise<BrokerParts> {
  const [clock, log, audited, values] = [
    createManualClock(),
    createRecordingLog(),
    [] as AuditEntry[],
    new Map<string, Uint8Array>(),
  ]
  const database = openSqlite(join(await temporaryFolder(t), 'broker.db'))
  const store = createBrokerStore(database)
  const ports: BrokerPorts = {
    clock,
    emit: log.emit,
    store,
    resolve: async (refs) =>
      new Map(
        refs.map((ref) => [
          ref.id,
          { ok: true, secret: { value: new Secret(new Uint8Array(values.get(ref.key) ?? [0])) } },
        ]),
      ),
    expireValues: () => undefined,
    parseRef: (text) => createRef('memory', text.slice('memory://'.length), text),
    decide: () => ({ isAllowed: true, policy: 'grant' }),
    audit: async (entries) => void audited.push(...entries),
    audited: createAuditStore(database),
    workloads: openWorkloads(database, [], { clock, proxyFor: async () => ({}) }),
    settings: {
      url: `https://${HOST}:7468`,
      names: [HOST],
      refreshMs: 3_600_000,
      rate: { count: 1000, perMs: 1000 },
    },
    keys: { signing: createSigningKey(), authority: undefined },
    zip: zipFiles,
    ...change,
  }
  const broker = createBroker(ports)
  t.after(async () => {
    broker[Symbol.dispose]()
    await store[Symbol.asyncDispose]()
  })
  const target = { method: 'POST', authority: `${HOST}:7468`, url: '/v2/resolve' }
  return {
    broker,
    ports,
    clock,
    store,
    log,
    audited,
    values,
    async machine(name) {
      const [id, key] = [createMachineId(), createSigningKey()]
      const keys = { signing: rawPublicKey(key), sealing: rawPublicKey(sealingKeyOf(key)) }
      const machine = { id, name, state: 'enabled', keys, cidrs: [], createdAt: clock.now() } as const
      await store.addSecret({
        project: 'shop',
        name: `of-${name}`,
        reference: `memory://${name}`,
        createdAt: clock.now(),
      })
      await store.addMachine({ machine, grants: [{ project: 'shop', name: '*' }] })
      return { id, key }
    },
    async ask({ id, key }, asks = {}, at = broker) {
      const body = new Uint8Array(0)
      const headers = signRequest(target, body, {
        key: asks.key ?? key,
        machine: id,
        now: asks.created ?? clock.now(),
        nonce: asks.nonce ?? createNonce(),
      })
      return await at.authenticate({
        target,
        headers,
        body,
        address: asks.address ?? '10.0.0.1',
      })
    },
  }
}
