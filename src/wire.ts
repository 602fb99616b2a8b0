import type { CheckDeps } from './app/check/providers.ts'
import { createAudit, NO_AUDIT, type Audit } from './app/audit/audit.ts'
import { createClients, type Clients } from './app/access/clients.ts'
import { changesOf } from './app/access/changes-of.ts'
import { createCommandLeases } from './app/leases/command-leases.ts'
import { createLeases } from './app/leases/leases.ts'
import { createLastKnownGood } from './app/last-known-good/last-known-good.ts'
import type { OpenedStore } from './app/volume/daemon.ts'
import { createDriver, type Driver } from './app/volume/driver.ts'
import type { Machine } from './app/machine.ts'
import { credentialVariables } from './config/entries/child-environment.ts'
import { MANAGED_STATE } from './config/volume/daemon.ts'
import type { DaemonConfig } from './config/volume/volume-config.ts'
import { createEvents, type Emit, type EventListener } from './core/ports/events.ts'
import type { Engine } from './core/ports/engine.ts'
import type { StartWorker } from './core/ports/process.ts'
import type { SecretStore } from './core/ports/secret-store.ts'
import { openAuditFile } from './host/audit/audit-file.ts'
import { programs } from './host/process/child.ts'
import { systemClock } from './host/daemon/clock.ts'
import { canBeMade, holdFolder, type HoldOptions } from './host/daemon/hold-folder.ts'
import { openFileTree } from './host/files/file-tree.ts'
import { forbidTracing } from './host/process/forbid-tracing.ts'
import { openHostFacts } from './host/daemon/host-facts.ts'
import { openLog, type LogOptions } from './host/log/log.ts'
import { openMountTable } from './host/mounts/mount-table.ts'
import { openOwnFiles, writePrivateFile } from './host/files/own-files.ts'
import { openPlacedFiles } from './host/files/placed-files.ts'
import { openCacheFiles } from './host/last-known-good/cache-files.ts'
import { openHostKey } from './host/state/host-key.ts'
import { openLeaseFile } from './host/state/lease-file.ts'
import { openHeapCare } from './host/process/heap-care.ts'
import { listenSignals } from './host/process/signals.ts'
import { openSourceFiles } from './host/sources/source-files.ts'
import { openSourceTrees } from './host/sources/source-trees.ts'
import { watchPaths } from './host/sources/watch.ts'
import { startWorkerProcess } from './host/process/worker-process.ts'
import type { ProviderDeps, ProviderInstance } from './providers/define.ts'
import type { LocalPaths } from './providers/local/reader.ts'
import { openSecretFile } from './providers/local/secrets-file.ts'

// Only this file builds the implementations of ports. All other code receives them as arguments.

export { openAuditFiles } from './host/audit/audit-files.ts'
export { callingComposeVersion } from './host/process/calling-compose.ts'
export { openAuditFile }
export { writePrivateFile } from './host/files/own-files.ts'
export { listenAsAdmin, listenAsDaemon, notifySystemd } from './host/daemon/socket.ts'
export { leaveStopMark, takeFreshStopMark } from './host/state/stop-mark.ts'
export { systemClock } from './host/daemon/clock.ts'

/**
 * Returns the function that reports the events of a command. They become log lines. Reports first the flags
 * that show a credential.
 */
export function openCommandEvents(options: LogOptions, exposed: readonly string[] = []): Emit {
  const emit = createEvents([openLog(options)])
  if (exposed.length > 0) emit('flags.exposed', { flags: exposed })
  return emit
}

/**
 * Resolves with the function that reports the events of the daemon, to the log and to `others`. Only the
 * daemon loads pino, because that takes 9 ms, as long as a whole run of many commands.
 */
export async function openDaemonEvents(
  options: LogOptions,
  others: readonly EventListener[] = [],
): Promise<Emit> {
  const { openPinoLog } = await import('./host/log/pino-log.ts')
  return createEvents([openPinoLog(options), ...others])
}

/**
 * Locks the daemon's folders for the life of this process: call it before anything in them is read. A managed
 * plugin without a config folder keeps its state in the runtime folder.
 */
export async function holdFolders(daemon: DaemonConfig, emit: Emit, signal: AbortSignal): Promise<void> {
  const options: HoldOptions = {
    clock: systemClock(),
    signal,
    onWait: (holder) => emit('daemon.waiting', holder),
  }
  await holdFolder(daemon.runtimeDir, options)
  if (daemon.stateDir !== undefined) return await holdFolder(daemon.stateDir, options)
  if (await canBeMade(MANAGED_STATE)) await holdFolder(MANAGED_STATE, options)
}

/**
 * Opens the store of the volume records. A managed plugin prefers its configuration folder, because that
 * folder outlives `docker plugin rm`.
 */
export async function openStore(daemon: DaemonConfig): Promise<OpenedStore> {
  // Loaded here, because the zod schemas of the state file take 3 ms that other commands save.
  const [{ openStateFile }, { openManagedState }] = await Promise.all([
    import('./host/state/state-file.ts'),
    import('./host/state/managed-state.ts'),
  ])
  const options = { reset: daemon.resetState }
  if (daemon.stateDir !== undefined)
    return { store: openStateFile(daemon.stateDir, options), dir: daemon.stateDir, warnings: [] }
  return openManagedState(MANAGED_STATE, `${daemon.runtimeDir}/state`, options)
}

/** The parts of the process that the volume driver needs. */
interface Surroundings {
  readonly emit: Emit
  readonly env: ProviderDeps['env']
  /** Aborted when the process must end. */
  readonly stopping: AbortSignal
}

/** Returns the volume driver on the real machine. `store` holds its records, in the folder `dir`. */
export function openDriver(
  daemon: DaemonConfig,
  { store, dir }: OpenedStore,
  { emit, env, stopping }: Surroundings,
): Driver {
  const deps = providerDeps(emit, env)
  const hostKey = openHostKey(dir)
  const { clock } = deps
  const clients = createClients(deps, daemon.cacheTtlMs)
  const ports = {
    clock,
    sources: deps.files,
    mounts: openMountTable(),
    tree: openFileTree(deps.clock),
    emit,
    host: openHostFacts(),
    watch: watchPaths,
    careForHeap: openHeapCare('daemon'),
    openEngine: () => openEngine(daemon),
    daemon,
    clients,
    leases: createLeases({ clients, clock, emit, store: openLeaseFile(dir) }),
    lastGood: createLastKnownGood({ files: openCacheFiles(`${dir}/cache`), hostKey, clock, emit }),
    audit: openAudit(daemon.audit, { hostKey, clock, emit }),
    stopping,
  }
  return createDriver(ports, store)
}

function openAudit(
  { path, onFailure, maxBytes, files }: DaemonConfig['audit'],
  ports: Pick<Parameters<typeof createAudit>[0], 'hostKey' | 'clock' | 'emit'>,
): Audit {
  if (path === undefined) return NO_AUDIT
  const log = openAuditFile(path, { clock: ports.clock, maxBytes, files })
  return createAudit({ ...ports, log, onFailure })
}

/** Loads the client of the Docker Engine when the first reload needs it. */
async function openEngine({ dockerSocket, managed }: DaemonConfig): Promise<Engine> {
  const engine = await import('./host/engine/engine.ts')
  return engine.openEngine({ socket: dockerSocket, isManaged: managed, clock: systemClock() })
}

/** Returns the ports of a command that renders templates. The caller must close `clients`. */
export function openRendering(emit: Emit, env: ProviderDeps['env']): Rendering {
  const deps = providerDeps(emit, env)
  return { clock: deps.clock, emit, sources: deps.files, clients: createClients(deps, COMMAND_CACHE_TTL_MS) }
}

/** Returns the ports of the command named `command`, which writes files. */
function openPlacing(rendering: Rendering, command: string, providers: readonly ProviderInstance[]) {
  const { clients, ...ports } = rendering
  const caller = { kind: 'command', name: command } as const
  const leases = createCommandLeases(caller, rendering)
  const resolve = clients.resolveFor(caller, providers, leases.around)
  return {
    ...ports,
    resolve,
    leases,
    forgetValues: () => clients.expire(),
    ...changesOf(clients, caller, providers),
    trees: openSourceTrees(),
    placed: openPlacedFiles(),
    watch: watchPaths,
    careForHeap: openHeapCare('command'),
  }
}

/** Returns the ports of `locket inject`. The caller of `openRendering` still closes the clients. */
export function openInject(rendering: Rendering, providers: readonly ProviderInstance[]) {
  return { ...openPlacing(rendering, 'inject', providers), host: openHostFacts() }
}

/** Returns the ports of `locket exec`. The caller of `openRendering` still closes the clients. */
export function openExec(rendering: Rendering, providers: readonly ProviderInstance[]) {
  const closeProviders = () => rendering.clients.close()
  const placing = openPlacing(rendering, 'exec', providers)
  return { ...placing, closeProviders, programs, listenSignals, forbidTracing }
}

/** The ports of a command that renders templates. */
interface Rendering extends Pick<Machine, 'clock' | 'emit' | 'sources'> {
  readonly clients: Clients
}

/** A command caches no values: it asks once, or again because a file has changed. */
const COMMAND_CACHE_TTL_MS = 0

/** Returns the ports of `locket check`. Each call of `open` opens a new client, which the caller closes. */
export function openCheck(emit: Emit, env: ProviderDeps['env']): CheckDeps {
  const deps = providerDeps(emit, env)
  return {
    clock: deps.clock,
    sources: deps.files,
    open: ({ def, settings, name }) => def.open(settings, deps, name),
  }
}

/**
 * Returns the store of the `local` provider, which can read and write its secrets. Throws `config` for wrong
 * paths.
 */
export function openLocalSecrets(paths: LocalPaths, emit: Emit): SecretStore {
  const clock = systemClock()
  return openSecretFile(paths, { clock, emit, files: openSourceFiles(), own: openOwnFiles(clock) })
}

/** Returns the functions that write the files of `locket init`. */
export function openSetupFiles() {
  const own = openOwnFiles(systemClock())
  return {
    writePrivate: writePrivateFile,
    writePublic: (path: string, content: Uint8Array) => own.replace(path, content, 0o644),
  }
}

/** Returns the parts of the machine that providers need. */
export function providerDeps(emit: Emit, env: ProviderDeps['env']): ProviderDeps {
  const clock = systemClock()
  return { clock, emit, files: openSourceFiles(), startWorker, env, hiddenNames: credentialVariables() }
}

/** Loads the part of the machine that only blind mode needs. */
export const loadBlindMachine = () => import('./host/blind/machine.ts')
/** Loads the clients of the Docker Engine that only commands need. */
export const loadEngineClients = () => import('./host/engine/for-commands.ts')

/** The program of `startWorker`, in the same folder as this file. A build bundles both files. */
const SDK_WORKER = new URL(
  import.meta.url.endsWith('.ts') ? './sdk-worker.ts' : './sdk-worker.mjs',
  import.meta.url,
)

/** Starts a process for one library, such as `op`, with the program `sdk-worker`. */
export const startWorker: StartWorker = (library, options) =>
  startWorkerProcess(SDK_WORKER, [library], options)
