import type { DaemonConfig, VolumeConfig } from '../../config/volume/volume-config.ts'
import { formatError, toLocketError } from '../../core/vocabulary/errors.ts'
import type { KeyedLock } from '../../core/waiting/keyed-lock.ts'
import type { VolumeFailure } from '../../core/vocabulary/events.ts'
import type { VolumeName } from '../../core/vocabulary/names.ts'
import type { Machine } from '../machine.ts'
import type { Clients } from '../access/clients.ts'
import { prepare, contentFacts } from '../recipe/prepare.ts'
import type { Volume, VolumeTable } from './volume-table.ts'

/** What the driver's use cases share. Each takes a volume's lock for what it changes; none holds it for another volume. */
export interface Driver extends Pick<
  Machine,
  'clock' | 'sources' | 'mounts' | 'tree' | 'emit' | 'host' | 'watch'
> {
  readonly daemon: Pick<DaemonConfig, 'runtimeDir' | 'volumeConfig'>
  readonly table: VolumeTable
  readonly locks: KeyedLock
  readonly clients: Clients
  /** Mounted when this process started, and in no record that could be trusted: kept, because containers may use them. */
  readonly strangers: Set<VolumeName>
  /** The last mount that the engine did not wait for: its repetition comes without a body and cannot say which. */
  readonly lost: { message: string; at: number }
  /** Aborted when the daemon stops. */
  readonly stopping: AbortSignal
}

/** For work that must be finished even when nobody waits for it any more: the engine never repeats an Unmount. */
export const NEVER: AbortSignal = new AbortController().signal

/** Where the tmpfs is mounted. */
export function rootOf(driver: Pick<Driver, 'daemon'>, name: VolumeName): string {
  return `${volumesFolder(driver)}/${name}`
}

export function volumesFolder(driver: Pick<Driver, 'daemon'>): string {
  return `${driver.daemon.runtimeDir}/volumes`
}

/** What containers bind. */
export function mountpointOf(driver: Pick<Driver, 'daemon'>, name: VolumeName): string {
  return `${rootOf(driver, name)}/data`
}

/** Configuration is never stored: it is derived from the options each time, so that a changed default reaches old volumes. */
export function configOf(driver: Pick<Driver, 'daemon'>, volume: Volume): VolumeConfig {
  return driver.daemon.volumeConfig(volume.record.options)
}

/** Fills in what Status tells of a volume that has not been rendered by this process. */
export async function describeContent(driver: Driver, volume: Volume): Promise<void> {
  volume.content = contentFacts(await prepare(configOf(driver, volume), driver.sources))
}

/** A failure that no answer carries, or not only: for Status and the log. */
export function report(driver: Driver, volume: Volume, event: VolumeFailure, thrown: unknown): void {
  const error = toLocketError(thrown)
  const { name } = volume.record
  noteError(driver, volume, formatError(error))
  driver.emit(event, { volume: name, code: error.code, error: formatError(error) })
}

/** Shows a failure in Status alone. */
export function noteError(driver: Driver, volume: Volume, line: string): void {
  volume.lastError = `${new Date(driver.clock.now()).toISOString()} ${line}`
}
