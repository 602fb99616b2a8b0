import type { CheckDeps } from './app/check.ts'
import { createClients, type Clients } from './app/clients.ts'
import type { Driver } from './app/driver.ts'
import type { MaterializeDeps } from './app/materialize.ts'
import { createVolumeTable } from './app/volume-table.ts'
import { credentialVariables } from './config/credential-variables.ts'
import { MANAGED_STATE } from './config/daemon.ts'
import type { DaemonConfig } from './config/volume-config.ts'
import { createKeyedLock } from './core/keyed-lock.ts'
import type { Clock, Log, SourceFiles, StartWorker, Store, WatchTrees } from './core/ports.ts'
import type { SecretFile } from './core/secret-file.ts'
import { programs } from './host/child.ts'
import { systemClock } from './host/clock.ts'
import { openFileTree } from './host/file-tree.ts'
import { forbidTracing } from './host/forbid-tracing.ts'
import { openHostFacts } from './host/host-facts.ts'
import type { LogOptions } from './host/log.ts'
import { openMountTable } from './host/mount-table.ts'
import { openOwnFiles } from './host/own-files.ts'
import { openPlacedFiles } from './host/placed-files.ts'
import { listenSignals } from './host/signals.ts'
import { openSourceFiles } from './host/source-files.ts'
import { openSourceTrees } from './host/source-trees.ts'
import { watchTrees } from './host/watch-trees.ts'
import { watchFiles } from './host/watch.ts'
import { startWorkerProcess } from './host/worker-process.ts'
import type { ProviderDeps, ProviderInstance } from './providers/define.ts'
import type { LocalPaths } from './providers/local/reader.ts'
import { openSecretFile } from './providers/local/secrets-file.ts'

// The only place that builds real things. Everything else is handed them.

export { callingComposeVersion } from './host/calling-compose.ts'
export { openHeapCare } from './host/heap-care.ts'
export { openPlainLog as openLog } from './host/plain-log.ts'
export { writePrivateFile } from './host/private-file.ts'
export { listenAsDaemon, notifySystemd } from './host/socket.ts'
export { leaveStopMark, takeFreshStopMark } from './host/stop-mark.ts'
export { systemClock } from './host/clock.ts'

/** Of what runs long: loading pino takes as long as many a command does. */
export async function openDaemonLog(options: LogOptions): Promise<Log> {
  const { openLog } = await import('./host/log.ts')
  return openLog(options)
}

export interface OpenedStore {
  readonly store: Store
  readonly warnings: readonly string[]
}

/** Where the records are kept. A managed plugin prefers its config folder, because that outlives `docker plugin rm`. */
export async function openStore(daemon: DaemonConfig): Promise<OpenedStore> {
  // With zod's schemas of a state file, 3 ms that other commands need not wait for.
  const [{ openStateFile }, { openManagedState }] = await Promise.all([
    import('./host/state-file.ts'),
    import('./host/managed-state.ts'),
  ])
  const options = { reset: daemon.resetState }
  if (daemon.stateDir !== undefined) return { store: openStateFile(daemon.stateDir, options), warnings: [] }
  return openManagedState(MANAGED_STATE, `${daemon.runtimeDir}/state`, options)
}

export interface Surroundings {
  readonly log: Log
  readonly env: ProviderDeps['env']
  /** Aborted when the process is to end. */
  readonly stopping: AbortSignal
}

export function openDriver(daemon: DaemonConfig, store: Store, { log, env, stopping }: Surroundings): Driver {
  const deps = providerDeps(log, env)
  return {
    clock: deps.clock,
    sources: deps.files,
    mounts: openMountTable(),
    tree: openFileTree(),
    log,
    host: openHostFacts(),
    watch: watchFiles,
    daemon,
    table: createVolumeTable(store),
    locks: createKeyedLock(),
    clients: createClients(deps, daemon.lingerMs),
    strangers: new Set(),
    lost: { message: '', at: Number.NEGATIVE_INFINITY },
    stopping,
  }
}

/** What a command that renders templates works with. Its clients are to be closed. */
export function openRendering(log: Log, env: ProviderDeps['env']): Rendering {
  const deps = providerDeps(log, env)
  return { clock: deps.clock, log, sources: deps.files, clients: createClients(deps, COMMAND_LINGER_MS) }
}

/** What a command that writes files works with beside that. */
export function openMaterializing({ sources }: Rendering): MaterializeDeps & { readonly watch: WatchTrees } {
  return { sources, trees: openSourceTrees(), placed: openPlacedFiles(), watch: watchTrees }
}

/** What `locket exec` works with beside that. */
export function openExec(rendering: Rendering, providers: readonly ProviderInstance[]) {
  const { clock, log, clients } = rendering
  return {
    ...openMaterializing(rendering),
    clock,
    log,
    resolve: clients.resolveFor('exec', providers),
    closeProviders: () => clients.close(),
    programs,
    listenSignals,
    forbidTracing,
  }
}

export interface Rendering {
  readonly clock: Clock
  readonly log: Log
  readonly sources: SourceFiles
  readonly clients: Clients
}

/** A command asks once, or again because something has changed. */
const COMMAND_LINGER_MS = 0

/** What `locket check` works with. */
export function openCheck(log: Log, env: ProviderDeps['env']): CheckDeps {
  const deps = providerDeps(log, env)
  return {
    clock: deps.clock,
    sources: deps.files,
    open: ({ def, settings, name }) => def.open(settings, deps, name),
  }
}

/** The writing side of the `local` provider. */
export function openLocalSecrets(paths: LocalPaths, log: Log): SecretFile {
  const clock = systemClock()
  return openSecretFile(paths, { clock, log, files: openSourceFiles(), own: openOwnFiles(clock) })
}

function providerDeps(log: Log, env: ProviderDeps['env']): ProviderDeps {
  const clock = systemClock()
  return { clock, log, files: openSourceFiles(), startWorker, env, hiddenNames: credentialVariables() }
}

/** Beside this file; a build has bundled both. */
const SDK_WORKER = new URL(
  import.meta.url.endsWith('.ts') ? './sdk-worker.ts' : './sdk-worker.mjs',
  import.meta.url,
)

export const startWorker: StartWorker = (library, options) =>
  startWorkerProcess(SDK_WORKER, [library], options)
