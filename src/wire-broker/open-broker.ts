import { join } from 'node:path'
import { hostname } from 'node:os'
import type { Server as HttpsServer } from 'node:https'
import type { Server } from 'node:net'
import { createClients } from '../app/access/clients.ts'
import { createAuditWriter } from '../app/broker/audit/writer.ts'
import { createBroker, type Broker } from '../app/broker/broker.ts'
import { refuseOwn } from '../app/broker/own-references.ts'
import type { BrokerPorts } from '../app/broker/ports.ts'
import { claimStore } from '../app/broker/run-broker.ts'
import type { Grackle } from '../app/grackle/grackle.ts'
import type { DashboardPorts } from '../app/dashboard/ports.ts'
import { rawPublicKey, toBase64 } from '../core/broker/keys.ts'
import type { PolicyFile } from '../core/broker/policy/rules.ts'
import { urlOf, type BrokerAddress } from '../core/broker/broker-address.ts'
import { allowGranted, type Issuer } from '../core/broker/seams.ts'
import type { Clock } from '../core/ports/clock.ts'
import type { Emit } from '../core/ports/events.ts'
import type { ParseRef } from '../core/template/template.ts'
import { VERSION } from '../core/vocabulary/version.ts'
import type { Rate } from '../core/waiting/rate.ts'
import { createAuditStore } from '../host/broker/audit-store.ts'
import { createBrokerStore } from '../host/broker/broker-store.ts'
import { openLoginService, type LoginServiceConfig } from '../host/broker/dashboard/oidc-client.ts'
import { createPeopleStore } from '../host/broker/dashboard/people-store.ts'
import { keepSetupLink } from '../host/broker/dashboard/setup-link.ts'
import { openBrokerIdentity } from '../host/broker/identity.ts'
import { listenAt } from '../host/broker/listen.ts'
import { readTls, renewTls, type TlsSource } from '../host/broker/tls/tls-source.ts'
import type { Database } from '../host/broker/sql.ts'
import { openWorkloads } from '../host/broker/workload/open-workloads.ts'
import { zipFiles } from '../host/broker/zip.ts'
import { holdFolder } from '../host/daemon/hold-folder.ts'
import { claimSocket } from '../host/daemon/socket.ts'
import { nodeProxyFor } from '../providers/lib/proxy/choose-proxy.ts'
import type { ProviderDeps, ProviderInstance } from '../providers/define.ts'
import { providerDeps } from '../wire.ts'
import type { GrackleConfig } from './grackle.ts'
import { openPolicy, readPolicyText } from './policy.ts'

// The part of wire.ts that only `locket serve` loads: it builds the broker on the real machine.

/** The settings of `locket serve`. */
export interface ServeConfig {
  readonly listen: BrokerAddress
  /** Left out: the socket `admin.sock` in the state folder. */
  readonly adminListen?: BrokerAddress | undefined
  /** Left out: there is no dashboard. */
  readonly dashboardListen?: BrokerAddress | undefined
  /** The address of the dashboard in browsers, behind a proxy. */
  readonly dashboardUrl?: string | undefined
  readonly loginService?: LoginServiceConfig | undefined
  readonly stateDir: string
  readonly database?: string | undefined
  readonly names?: readonly string[] | undefined
  readonly url?: string | undefined
  /** The operator's certificate. Undefined: the broker's own authority. */
  readonly tlsFiles?: { readonly cert: string; readonly key: string } | undefined
  readonly refreshMs: number
  readonly rate: Pick<Rate, 'count' | 'perMs'>
  readonly auditOnFailure: 'deny' | 'warn'
  readonly auditKeepMs?: number | undefined
  /** The policy file. Undefined: grants alone decide. */
  readonly policyFile?: string | undefined
  readonly issuers: readonly Issuer[]
  /** Left out: nothing speaks grackleclub's protocol. */
  readonly grackle?: GrackleConfig | undefined
}

/** The parts of the process that the broker needs. */
interface ServeSurroundings {
  readonly emit: Emit
  readonly env: ProviderDeps['env']
  readonly providers: readonly ProviderInstance[]
  readonly parseRef: ParseRef
  /** Parses a policy file. Throws `config`. */
  readonly parsePolicy: (path: string, text: string) => PolicyFile
  readonly signal: AbortSignal
}

/** A broker that is open and does not listen yet. */
export interface OpenedBroker {
  readonly broker: Broker
  /** Undefined: the protocol is off. */
  readonly grackle: Grackle | undefined
  readonly clock: Clock
  readonly adminToken: string
  /** The certificate of the machines' listener. Undefined: it is a Unix socket. */
  readonly tls: { readonly cert: string; readonly key: string } | undefined
  /** Answers are encrypted for their machine. */
  readonly seals: boolean
  /** Undefined: the dashboard is off. */
  readonly dashboard: DashboardPorts | undefined
  /** Listens, and renews the certificate from then on. Resolves with the address. */
  listenForMachines(server: Server): Promise<string>
  listenForAdmin(server: Server): Promise<string>
  listenForDashboard(server: Server): Promise<string>
  close(): Promise<void>
}

/** Anybody may connect to the machines' socket: requests are signed. */
const MACHINES_SOCKET_MODE = 0o666
const ADMIN_SOCKET_MODE = 0o600

/** Opens keys, store and providers, in this order. Rejects with `io`, `config` or `unavailable`. */
export async function openBroker(config: ServeConfig, given: ServeSurroundings): Promise<OpenedBroker> {
  const { emit, env, providers, parseRef, parsePolicy, signal } = given
  const deps = providerDeps(emit, env)
  const proxyFor = (target: URL) => nodeProxyFor(target, env)
  const { clock } = deps
  await holdFolder(config.stateDir, { clock, signal, onWait: (holder) => emit('daemon.waiting', holder) })
  const identity = await openBrokerIdentity(config.stateDir, clock.now())
  const serverKey = toBase64(rawPublicKey(identity.signing))
  if (identity.isNew) emit('broker.made', { folder: config.stateDir })
  const names = [...new Set([...(config.names ?? [hostname()]), 'localhost', '127.0.0.1', '::1'])]
  const source = tlsSourceOf(config, identity.authority, names)
  const tls = source === undefined ? undefined : await readTls(source, clock.now())
  const database = await openDatabase(config, clock)
  const [store, audited] = [createBrokerStore(database), createAuditStore(database)]
  const clients = createClients(deps, config.refreshMs, { sharesLeases: true })
  try {
    await claimStore((name, value) => store.settle(name, value), serverKey)
    const audit = createAuditWriter({ store: audited, clock, emit, onFailure: config.auditOnFailure })
    const started = { actor: 'broker', action: 'start', address: '', outcome: 'allowed' } as const
    await audit([{ ...started, at: clock.now(), target: hostname(), reason: `locket ${VERSION}` }])
    const policyPorts = { clock, emit, audit, parse: parsePolicy }
    const policy = await openPolicy(config.policyFile, policyPorts, signal)
    const ports: BrokerPorts = {
      clock,
      emit,
      store,
      resolve: clients.resolveFor({ kind: 'command', name: 'serve' }, providers),
      expireValues: () => clients.expire(),
      parseRef: refuseOwn(parseRef, providers, serverKey),
      decide: policy?.decide ?? allowGranted,
      policy: policy?.state,
      audit,
      audited,
      workloads: openWorkloads(database, config.issuers, { clock, proxyFor }),
      settings: {
        names,
        url: config.url ?? urlOf(config.listen, names),
        refreshMs: config.refreshMs,
        rate: config.rate,
        auditKeepMs: config.auditKeepMs,
      },
      keys: {
        signing: identity.signing,
        authority: source?.kind === 'own' ? identity.authority.certificate : undefined,
      },
      zip: zipFiles,
    }
    // Its module is loaded only if it is used.
    const grackle =
      config.grackle &&
      (await (
        await import('./grackle.ts')
      ).openGrackle(config.grackle, {
        ports,
        database,
        stateDir: config.stateDir,
        hasTls: tls !== undefined,
        signal,
      }))
    const broker = createBroker(ports)
    const common = { clock, emit, audit, broker, store }
    return {
      broker,
      grackle,
      dashboard: config.dashboardListen && {
        ...common,
        people: createPeopleStore(database),
        decide: policy?.decide ?? allowGranted,
        readPolicy: async (text) => await readPolicyText(parsePolicy, text),
        providers: () => clients.list(),
        loginService: config.loginService && openLoginService(config.loginService, { ...deps, proxyFor }),
        keepFirstLink: (link) => keepSetupLink(config.stateDir, link),
      },
      clock,
      adminToken: identity.adminToken,
      tls,
      seals: source?.kind !== 'own',
      async listenForMachines(server) {
        const address = await listenAt(server, await claimed(config.listen, '--listen'), MACHINES_SOCKET_MODE)
        if (source !== undefined && tls !== undefined)
          void renewTls(server as HttpsServer, source, { first: tls, clock, emit, signal })
        return address
      },
      async listenForAdmin(server) {
        const at = config.adminListen ?? { kind: 'socket', path: join(config.stateDir, 'admin.sock') }
        return await listenAt(server, await claimed(at, '--admin-listen'), ADMIN_SOCKET_MODE)
      },
      listenForDashboard: async (server) =>
        config.dashboardListen ? await listenAt(server, config.dashboardListen, ADMIN_SOCKET_MODE) : 'off',
      async close() {
        await clients.close()
        await store[Symbol.asyncDispose]()
      },
    }
  } catch (thrown) {
    await store[Symbol.asyncDispose]()
    throw thrown
  }
}

/** Loads only the database that is used. */
async function openDatabase({ database, stateDir }: ServeConfig, clock: Clock): Promise<Database> {
  if (database !== undefined)
    return await (await import('../host/broker/postgres.ts')).openPostgres(database, clock)
  return (await import('../host/broker/sqlite.ts')).openSqlite(join(stateDir, 'broker.db'))
}

function tlsSourceOf(
  { listen, tlsFiles }: ServeConfig,
  authority: Extract<TlsSource, { kind: 'own' }>['authority'],
  names: readonly string[],
): TlsSource | undefined {
  if (listen.kind === 'socket') return undefined
  return tlsFiles === undefined ? { kind: 'own', authority, names } : { kind: 'files', ...tlsFiles }
}

/** Prepares the place of a socket. A port needs no preparation. */
async function claimed(at: BrokerAddress, flag: string): Promise<BrokerAddress> {
  if (at.kind === 'socket') await claimSocket(at.path, flag)
  return at
}
