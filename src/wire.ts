import type { CheckDeps } from './app/check/check.ts'
import { createClients, type Clients } from './app/access/clients.ts'
import { createDriver, type Driver } from './app/volume/driver.ts'
import type { MaterializeDeps } from './app/recipe/materialize.ts'
import { credentialVariables } from './config/child-environment.ts'
import { MANAGED_STATE } from './config/volume/daemon.ts'
import type { DaemonConfig } from './config/volume/volume-config.ts'
import type { Clock } from './core/ports/clock.ts'
import type { SourceFiles, WatchTrees } from './core/ports/files.ts'
import { createEvents, type Emit } from './core/ports/events.ts'
import type { StartWorker } from './core/ports/process.ts'
import type { Store } from './core/ports/store.ts'
import type { SecretStore } from './core/ports/secret-store.ts'
import { programs } from './host/process/child.ts'
import { systemClock } from './host/daemon/clock.ts'
import { canBeMade, holdFolder, type HoldOptions } from './host/daemon/hold-folder.ts'
import { openFileTree } from './host/files/file-tree.ts'
import { forbidTracing } from './host/process/forbid-tracing.ts'
import { openHostFacts } from './host/daemon/host-facts.ts'
import { openLog, type LogOptions } from './host/log/log.ts'
import { openMountTable } from './host/mounts/mount-table.ts'
import { openOwnFiles } from './host/files/own-files.ts'
import { openPlacedFiles } from './host/files/placed-files.ts'
import { listenSignals } from './host/process/signals.ts'
import { openSourceFiles } from './host/sources/source-files.ts'
import { openSourceTrees } from './host/sources/source-trees.ts'
import { watchTrees } from './host/sources/watch-trees.ts'
import { watchFiles } from './host/sources/watch.ts'
import { startWorkerProcess } from './host/process/worker-process.ts'
import type { ProviderDeps, ProviderInstance } from './providers/define.ts'
import type { LocalPaths } from './providers/local/reader.ts'
import { openSecretFile } from './providers/local/secrets-file.ts'

// The only place that builds real things. Everything else is handed them.

export { callingComposeVersion } from './host/process/calling-compose.ts'
export { openHeapCare } from './host/process/heap-care.ts'
export { writePrivateFile } from './host/files/private-file.ts'
export { listenAsDaemon, notifySystemd } from './host/daemon/socket.ts'
export { leaveStopMark, takeFreshStopMark } from './host/state/stop-mark.ts'
export { systemClock } from './host/daemon/clock.ts'

/** The events of a command, written as log lines. */
export function openCommandEvents(options: LogOptions): Emit {
  return createEvents([openLog(options)])
}

/** The events of the daemon. Its log loads pino, which takes 9 ms: as long as many a command runs. */
export async function openDaemonEvents(options: LogOptions): Promise<Emit> {
  const { openPinoLog } = await import('./host/log/pino-log.ts')
  return createEvents([openPinoLog(options)])
}

export interface OpenedStore {
  readonly store: Store
  readonly warnings: readonly string[]
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
 * Where the records are kept. A managed plugin prefers its config folder, because that outlives `docker
 * plugin rm`.
 */
export async function openStore(daemon: DaemonConfig): Promise<OpenedStore> {
  // With zod's schemas of a state file, 3 ms that other commands need not wait for.
  const [{ openStateFile }, { openManagedState }] = await Promise.all([
    import('./host/state/state-file.ts'),
    import('./host/state/managed-state.ts'),
  ])
  const options = { reset: daemon.resetState }
  if (daemon.stateDir !== undefined) return { store: openStateFile(daemon.stateDir, options), warnings: [] }
  return openManagedState(MANAGED_STATE, `${daemon.runtimeDir}/state`, options)
}

export interface Surroundings {
  readonly emit: Emit
  readonly env: ProviderDeps['env']
  /** Aborted when the process is to end. */
  readonly stopping: AbortSignal
}

export function openDriver(
  daemon: DaemonConfig,
  store: Store,
  { emit, env, stopping }: Surroundings,
): Driver {
  const deps = providerDeps(emit, env)
  const ports = {
    clock: deps.clock,
    sources: deps.files,
    mounts: openMountTable(),
    tree: openFileTree(),
    emit,
    host: openHostFacts(),
    watch: watchFiles,
    daemon,
    clients: createClients(deps, daemon.cacheTtlMs),
    stopping,
  }
  return createDriver(ports, store)
}

/** What a command that renders templates works with. Its clients are to be closed. */
export function openRendering(emit: Emit, env: ProviderDeps['env']): Rendering {
  const deps = providerDeps(emit, env)
  return { clock: deps.clock, emit, sources: deps.files, clients: createClients(deps, COMMAND_CACHE_TTL_MS) }
}

/** What a command that writes files works with beside that. */
export function openMaterializing({ sources }: Rendering): MaterializeDeps & { readonly watch: WatchTrees } {
  return { sources, trees: openSourceTrees(), placed: openPlacedFiles(), watch: watchTrees }
}

/** What `locket exec` works with beside that. */
export function openExec(rendering: Rendering, providers: readonly ProviderInstance[]) {
  const { clock, emit, clients } = rendering
  return {
    ...openMaterializing(rendering),
    clock,
    emit,
    resolve: clients.resolveFor({ kind: 'command', name: 'exec' }, providers),
    closeProviders: () => clients.close(),
    programs,
    listenSignals,
    forbidTracing,
  }
}

export interface Rendering {
  readonly clock: Clock
  readonly emit: Emit
  readonly sources: SourceFiles
  readonly clients: Clients
}

/** A command asks once, or again because something has changed. */
const COMMAND_CACHE_TTL_MS = 0

/** What `locket check` works with. */
export function openCheck(emit: Emit, env: ProviderDeps['env']): CheckDeps {
  const deps = providerDeps(emit, env)
  return {
    clock: deps.clock,
    sources: deps.files,
    open: ({ def, settings, name }) => def.open(settings, deps, name),
  }
}

/** The writing side of the `local` provider. */
export function openLocalSecrets(paths: LocalPaths, emit: Emit): SecretStore {
  const clock = systemClock()
  return openSecretFile(paths, { clock, emit, files: openSourceFiles(), own: openOwnFiles(clock) })
}

function providerDeps(emit: Emit, env: ProviderDeps['env']): ProviderDeps {
  const clock = systemClock()
  return { clock, emit, files: openSourceFiles(), startWorker, env, hiddenNames: credentialVariables() }
}

/** Beside this file; a build has bundled both. */
const SDK_WORKER = new URL(
  import.meta.url.endsWith('.ts') ? './sdk-worker.ts' : './sdk-worker.mjs',
  import.meta.url,
)

export const startWorker: StartWorker = (library, options) =>
  startWorkerProcess(SDK_WORKER, [library], options)
