import { createClients } from './app/clients.ts'
import type { Driver } from './app/driver.ts'
import { createVolumeTable } from './app/volume-table.ts'
import type { DaemonConfig } from './config/volume-config.ts'
import { createKeyedLock } from './core/keyed-lock.ts'
import type { Log, Store } from './core/ports.ts'
import { openClock } from './host/clock.ts'
import { openFileTree } from './host/file-tree.ts'
import { openHostFacts } from './host/host-facts.ts'
import { openMountTable } from './host/mount-table.ts'
import { openSourceFiles } from './host/source-files.ts'
import { openManagedState, openStateFile } from './host/state-file.ts'
import { watchFiles } from './host/watch.ts'
import type { ProviderDeps } from './providers/define.ts'

/** The only place that builds real things. Everything else is handed them. */
export function providerDeps(log: Log): ProviderDeps {
  return { clock: openClock(), log, files: openSourceFiles() }
}

/** Where the records are kept, and what had to be done to get there. */
export async function openStore(daemon: DaemonConfig): Promise<{ store: Store; warnings: readonly string[] }> {
  if (daemon.stateDir !== undefined) return { store: openStateFile(daemon.stateDir), warnings: [] }
  // A managed plugin: the config folder outlives `docker plugin rm`, the propagated mount does not.
  return openManagedState('/etc/locket/state', `${daemon.runtimeDir}/state`)
}

export function openDriver(daemon: DaemonConfig, store: Store, log: Log, stopping: AbortSignal): Driver {
  const deps = providerDeps(log)
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
    clients: createClients(deps),
    strangers: new Set(),
    lost: { message: '', at: Number.NEGATIVE_INFINITY },
    stopping,
  }
}
