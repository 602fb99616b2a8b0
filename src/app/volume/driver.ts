import type { DaemonConfig, VolumeConfig } from '../../config/volume/volume-config.ts'
import { formatError, toLocketError } from '../../core/vocabulary/errors.ts'
import type { VolumeFailure } from '../../core/vocabulary/events.ts'
import type { VolumeName } from '../../core/vocabulary/names.ts'
import { createDigest, type DigestValues } from '../../core/keys/value-digest.ts'
import { createKeyedLock, type KeyedLock } from '../../core/waiting/keyed-lock.ts'
import type { StateStore } from '../../core/ports/state-store.ts'
import type { Machine } from '../machine.ts'
import type { Audit } from '../audit/audit.ts'
import type { Clients } from '../access/clients.ts'
import type { Leases } from '../leases/leases.ts'
import type { LastKnownGood } from '../last-known-good/last-known-good.ts'
import { createReloads, type ReloadPorts, type Reloads } from '../reload/reloads.ts'
import type { ReloadedVolume } from '../reload/volume-reload.ts'
import { createStretches, type Stretches } from '../renewal/stretch.ts'
import { createTicks, type Ticks } from '../renewal/ticks.ts'
import { createSwarmSecrets, type SwarmSecrets } from '../swarm/swarm-secrets.ts'
import { createValueFiles, type ValueFiles } from '../renewal/value-files.ts'
import { tmpfsOf } from './state.ts'
import { createVolumeTable, type Volume, type VolumeTable } from './volume-table.ts'

/** The machine and the providers, as the driver sees them. */
interface DriverPorts extends Pick<
  Machine,
  'clock' | 'sources' | 'mounts' | 'tree' | 'emit' | 'host' | 'watch' | 'careForHeap'
> {
  readonly clients: Clients
  readonly lastGood: LastKnownGood
  readonly leases: Leases
  readonly audit: Audit
  /** Loads the client of the Docker Engine, which only `on-change` needs. */
  readonly openEngine: ReloadPorts['openEngine']
  readonly daemon: Pick<DaemonConfig, 'runtimeDir' | 'volumeConfig' | 'swarm'>
  /** Aborted when the daemon stops. */
  readonly stopping: AbortSignal
}

/**
 * The driver's data, which the use cases share. Each use case takes the lock of the one volume that it
 * changes.
 */
export interface Driver extends DriverPorts {
  readonly table: VolumeTable
  readonly locks: KeyedLock
  /** The schedule of the refreshes of all volumes. */
  readonly ticks: Ticks
  /** The volumes whose refreshes come late, because a limit of requests does not suffice for all. */
  readonly stretches: Stretches
  /** Makes the digests by which a refresh knows that no value has changed. */
  readonly digest: DigestValues
  /** The watches of the files that hold values. */
  readonly valueFiles: ValueFiles
  /** The actions of `on-change`. */
  readonly reloads: Reloads
  /** The secret driver of a Swarm. */
  readonly swarm: SwarmSecrets
  /**
   * Volumes that were mounted when this process started and have no trusted record. They are kept, because
   * containers may be using them.
   */
  readonly unrecorded: Set<VolumeName>
  /**
   * The last Mount whose answer the engine did not wait for. `at`: milliseconds since the epoch. See ADR
   * 0005.
   */
  readonly abandonedMount: { message: string; at: number }
}

/** Makes a driver without volumes. `loadRecords` adds the volumes of `store`. */
export function createDriver(ports: DriverPorts, store: StateStore): Driver {
  return {
    ...ports,
    table: createVolumeTable(store),
    locks: createKeyedLock(),
    ticks: createTicks(ports.clock, () => ports.clients.expire()),
    stretches: createStretches({
      began: ({ provider, setting }) => ports.emit('provider.refresh.stretched', { provider, setting }),
      ended: ({ provider, setting }) => ports.emit('provider.refresh.kept', { provider, setting }),
    }),
    digest: createDigest(),
    valueFiles: createValueFiles(ports.watch),
    reloads: createReloads(ports),
    swarm: createSwarmSecrets({ ...ports, swarm: ports.daemon.swarm }),
    unrecorded: new Set(),
    abandonedMount: { message: '', at: Number.NEGATIVE_INFINITY },
  }
}

/**
 * A signal that never aborts, for work that must be finished although no caller waits for it: the engine
 * never repeats an Unmount.
 */
export const NEVER: AbortSignal = new AbortController().signal

/** Returns the path where the tmpfs of a volume is mounted. */
export function rootOf(driver: Pick<Driver, 'daemon'>, name: VolumeName): string {
  return `${volumesFolder(driver)}/${name}`
}

/** Returns the folder that holds the tmpfs of every volume. */
export function volumesFolder(driver: Pick<Driver, 'daemon'>): string {
  return `${driver.daemon.runtimeDir}/volumes`
}

/** Returns the folder that containers bind. */
export function mountpointOf(driver: Pick<Driver, 'daemon'>, name: VolumeName): string {
  return `${rootOf(driver, name)}/data`
}

/**
 * Returns the configuration of a volume. It is derived from the options at each use and never stored, so that
 * a changed default reaches old volumes.
 */
export function configOf(driver: Pick<Driver, 'daemon'>, volume: Volume): VolumeConfig {
  return driver.daemon.volumeConfig(volume.options)
}

/** Returns the current time in ISO 8601. */
export function timestamp(driver: Pick<Driver, 'clock'>): string {
  return timeText(driver.clock.now())
}

/** Returns a time in ISO 8601. `ms`: milliseconds since the epoch. */
export function timeText(ms: number): string {
  return new Date(ms).toISOString()
}

/**
 * Reports a failure in Status and in the log. It is for failures that no answer carries, or that must be seen
 * outside of the answer too.
 */
export function report(driver: Driver, volume: Volume, event: VolumeFailure, thrown: unknown): void {
  const error = toLocketError(thrown)
  noteError(driver, volume, formatError(error))
  driver.emit(event, { volume: volume.name, code: error.code, error: formatError(error) })
}

/** Reports a failure in Status only. */
export function noteError(driver: Driver, volume: Volume, line: string): void {
  driver.table.note(volume, { lastError: `${timestamp(driver)} ${line}` })
}

/** Returns a volume as its reloads see it. */
export function reloadedVolume(
  driver: Pick<Driver, 'daemon' | 'table'>,
  volume: Volume,
  { onChange, written }: VolumeConfig,
): ReloadedVolume {
  const { name } = volume
  const isMounted = () => driver.table.find(name) === volume && tmpfsOf(volume.state) !== undefined
  return { name, root: rootOf(driver, name), onChange, written, isMounted }
}
