import { join } from 'node:path'
import { hostname } from 'node:os'
import type { Server as HttpsServer } from 'node:https'
import type { Server } from 'node:net'
import { createClients } from './app/access/clients.ts'
import { createBroker, type Broker } from './app/broker/broker.ts'
import { claimStore } from './app/broker/run-broker.ts'
import { createDashboard, type Dashboard } from './app/dashboard/dashboard.ts'
import { rawPublicKey, toBase64 } from './core/broker/keys.ts'
import type { BrokerAddress } from './core/broker/broker-address.ts'
import { allowGranted, noAudit } from './core/broker/seams.ts'
import type { Clock } from './core/ports/clock.ts'
import type { Emit } from './core/ports/events.ts'
import type { ParseRef } from './core/template/template.ts'
import type { Rate } from './core/waiting/rate.ts'
import { createBrokerStore } from './host/broker/broker-store.ts'
import { createPeopleStore } from './host/broker/dashboard/people-store.ts'
import { removeSetupLink, writeSetupLink } from './host/broker/dashboard/setup-link.ts'
import { openBrokerIdentity } from './host/broker/identity.ts'
import { listenAt } from './host/broker/listen.ts'
import { readTls, renewTls, type TlsSource } from './host/broker/tls-source.ts'
import type { Database } from './host/broker/sql.ts'
import { zipFiles } from './host/broker/zip.ts'
import { holdFolder } from './host/daemon/hold-folder.ts'
import { claimSocket } from './host/daemon/socket.ts'
import type { ProviderDeps, ProviderInstance } from './providers/define.ts'
import { providerDeps } from './wire.ts'

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
  readonly stateDir: string
  readonly database?: string | undefined
  readonly names?: readonly string[] | undefined
  readonly url?: string | undefined
  /** The operator's certificate. Undefined: the broker's own authority. */
  readonly tlsFiles?: { readonly cert: string; readonly key: string } | undefined
  readonly refreshMs: number
  readonly rate: Pick<Rate, 'count' | 'perMs'>
}

/** The parts of the process that the broker needs. */
interface ServeSurroundings {
  readonly emit: Emit
  readonly env: ProviderDeps['env']
  readonly providers: readonly ProviderInstance[]
  readonly parseRef: ParseRef
  readonly signal: AbortSignal
}

/** A broker that is open and does not listen yet. */
export interface OpenedBroker {
  readonly broker: Broker
  readonly clock: Clock
  readonly adminToken: string
  /** The certificate of the machines' listener. Undefined: it is a Unix socket. */
  readonly tls: { readonly cert: string; readonly key: string } | undefined
  /** Answers are encrypted for their machine. */
  readonly seals: boolean
  /** Undefined: the dashboard is off. */
  readonly dashboard: Dashboard | undefined
  /** Listens, and renews the certificate from then on. Resolves with the address. */
  listenForMachines(server: Server): Promise<string>
  listenForAdmin(server: Server): Promise<string>
  /** Listens, and makes the link for the first administrator if there are no people yet. */
  listenForDashboard(server: Server): Promise<string>
  close(): Promise<void>
}

/** Anybody may connect to the machines' socket: requests are signed. */
const MACHINES_SOCKET_MODE = 0o666
const ADMIN_SOCKET_MODE = 0o600

/** Opens keys, store and providers, in this order. Rejects with `io`, `config` or `unavailable`. */
export async function openBroker(config: ServeConfig, given: ServeSurroundings): Promise<OpenedBroker> {
  const { emit, env, providers, parseRef, signal } = given
  const deps = providerDeps(emit, env)
  const { clock } = deps
  await holdFolder(config.stateDir, { clock, signal, onWait: (holder) => emit('daemon.waiting', holder) })
  const identity = await openBrokerIdentity(config.stateDir, clock.now())
  if (identity.isNew) emit('broker.made', { folder: config.stateDir })
  emit('broker.no-audit')
  const names = [...new Set([...(config.names ?? [hostname()]), 'localhost', '127.0.0.1', '::1'])]
  const source = tlsSourceOf(config, identity.authority, names)
  const tls = source === undefined ? undefined : await readTls(source, clock.now())
  const database = await openDatabase(config, clock)
  const store = createBrokerStore(database)
  const clients = createClients(deps, config.refreshMs)
  try {
    await claimStore((name, value) => store.settle(name, value), toBase64(rawPublicKey(identity.signing)))
    const broker = createBroker({
      clock,
      emit,
      store,
      resolve: clients.resolveFor({ kind: 'command', name: 'serve' }, providers),
      expireValues: () => clients.expire(),
      parseRef,
      decide: allowGranted,
      audit: noAudit,
      settings: {
        names,
        url: config.url ?? urlOf(config.listen, names),
        refreshMs: config.refreshMs,
        rate: config.rate,
      },
      keys: {
        signing: identity.signing,
        authority: source?.kind === 'own' ? identity.authority.certificate : undefined,
      },
      zip: zipFiles,
    })
    const dashboard =
      config.dashboardListen === undefined
        ? undefined
        : createDashboard({
            clock,
            emit,
            audit: noAudit,
            broker,
            store,
            people: createPeopleStore(database),
            providers: () => clients.list(),
            forgetFirstLink: () => removeSetupLink(config.stateDir),
          })
    return {
      broker,
      dashboard,
      clock,
      adminToken: identity.adminToken,
      tls,
      seals: source?.kind !== 'own',
      async listenForMachines(server) {
        const address = await listenAt(server, await claimed(config.listen), MACHINES_SOCKET_MODE)
        if (source !== undefined && tls !== undefined)
          void renewTls(server as HttpsServer, source, { first: tls, clock, emit, signal })
        return address
      },
      async listenForAdmin(server) {
        const at = config.adminListen ?? { kind: 'socket', path: join(config.stateDir, 'admin.sock') }
        return await listenAt(server, await claimed(at), ADMIN_SOCKET_MODE)
      },
      async listenForDashboard(server) {
        if (config.dashboardListen === undefined || dashboard === undefined) return 'off'
        const address = await listenAt(server, config.dashboardListen, ADMIN_SOCKET_MODE)
        const url = config.dashboardUrl ?? `http://localhost:${/\d+$/.exec(address)?.[0]}`
        await offerSetup(dashboard, { folder: config.stateDir, url, emit })
        emit('dashboard.listening', { url })
        return address
      },
      async close() {
        dashboard?.[Symbol.dispose]()
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
  if (database !== undefined) {
    const { openPostgres } = await import('./host/broker/postgres.ts')
    return await openPostgres(database, clock)
  }
  const { openSqlite } = await import('./host/broker/sqlite.ts')
  return openSqlite(join(stateDir, 'broker.db'))
}

/** The link is not logged: who reads the log must not become the administrator. */
async function offerSetup(
  dashboard: Dashboard,
  { folder, url, emit }: { readonly folder: string; readonly url: string; readonly emit: Emit },
): Promise<void> {
  const link = await dashboard.people.firstLink()
  if (link === undefined) return await removeSetupLink(folder)
  emit('dashboard.setup', { file: await writeSetupLink(folder, `${url}/setup?token=${link.token}`) })
}

function tlsSourceOf(
  { listen, tlsFiles }: ServeConfig,
  authority: Extract<TlsSource, { kind: 'own' }>['authority'],
  names: readonly string[],
): TlsSource | undefined {
  if (listen.kind === 'socket') return undefined
  return tlsFiles === undefined ? { kind: 'own', authority, names } : { kind: 'files', ...tlsFiles }
}

function urlOf(listen: BrokerAddress, [first = 'localhost']: readonly string[]): string {
  if (listen.kind === 'socket') return `unix:${listen.path}`
  return `https://${first.includes(':') ? `[${first}]` : first}:${listen.port}`
}

/** Prepares the place of a socket. A port needs no preparation. */
async function claimed(at: BrokerAddress): Promise<BrokerAddress> {
  if (at.kind === 'socket') await claimSocket(at.path)
  return at
}
