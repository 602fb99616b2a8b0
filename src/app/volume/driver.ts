import type { DaemonConfig, VolumeConfig } from '../../config/volume/volume-config.ts'
import { formatError, toLocketError } from '../../core/vocabulary/errors.ts'
import type { VolumeFailure } from '../../core/vocabulary/events.ts'
import type { VolumeName } from '../../core/vocabulary/names.ts'
import { createKeyedLock, type KeyedLock } from '../../core/waiting/keyed-lock.ts'
import type { StateStore } from '../../core/ports/state-store.ts'
import type { Machine } from '../machine.ts'
import type { Clients } from '../access/clients.ts'
import { createVolumeTable, type Volume, type VolumeTable } from './volume-table.ts'

/** The machine and the providers, as the driver sees them. */
export interface DriverPorts extends Pick<
  Machine,
  'clock' | 'sources' | 'mounts' | 'tree' | 'emit' | 'host' | 'watch'
> {
  readonly clients: Clients
  readonly daemon: Pick<DaemonConfig, 'runtimeDir' | 'volumeConfig'>
  /** Aborted when the daemon stops. */
  readonly stopping: AbortSignal
}

/** Shared by the use cases. Each takes the lock of the one volume that it changes. */
export interface Driver extends DriverPorts {
  readonly table: VolumeTable
  readonly locks: KeyedLock
  /** Mounted when this process started, and in no trusted record. They are kept: they may be in use. */
  readonly unrecorded: Set<VolumeName>
  /** The last Mount that the engine did not wait for. `at`: milliseconds since the epoch. See ADR 0005. */
  readonly abandonedMount: { message: string; at: number }
}

/** A driver without volumes: `loadRecords` puts those of `store` into it. */
export function createDriver(ports: DriverPorts, store: StateStore): Driver {
  return {
    ...ports,
    table: createVolumeTable(store),
    locks: createKeyedLock(),
    unrecorded: new Set(),
    abandonedMount: { message: '', at: Number.NEGATIVE_INFINITY },
  }
}

/** For work that must be finished although nobody waits for it: the engine never repeats an Unmount. */
export const NEVER: AbortSignal = new AbortController().signal

/** Where the tmpfs is mounted. */
export function rootOf(driver: Pick<Driver, 'daemon'>, name: VolumeName): string {
  return `${volumesFolder(driver)}/${name}`
}

export function volumesFolder(driver: Pick<Driver, 'daemon'>): string {
  return `${driver.daemon.runtimeDir}/volumes`
}

/** The folder that containers bind. */
export function mountpointOf(driver: Pick<Driver, 'daemon'>, name: VolumeName): string {
  return `${rootOf(driver, name)}/data`
}

/** Derived from the options at each use and never stored, so that a changed default reaches old volumes. */
export function configOf(driver: Pick<Driver, 'daemon'>, volume: Volume): VolumeConfig {
  return driver.daemon.volumeConfig(volume.options)
}

/** Now, in ISO 8601. */
export function timestamp(driver: Pick<Driver, 'clock'>): string {
  return new Date(driver.clock.now()).toISOString()
}

/** Shows a failure in Status and in the log: no answer carries it, or not only an answer. */
export function report(driver: Driver, volume: Volume, event: VolumeFailure, thrown: unknown): void {
  const error = toLocketError(thrown)
  noteError(driver, volume, formatError(error))
  driver.emit(event, { volume: volume.name, code: error.code, error: formatError(error) })
}

/** Shows a failure in Status alone. */
export function noteError(driver: Driver, volume: Volume, line: string): void {
  driver.table.note(volume, { lastError: `${timestamp(driver)} ${line}` })
}
