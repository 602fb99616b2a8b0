import { LocketError } from '../../core/vocabulary/errors.ts'
import { parseVolumeName, type VolumeName } from '../../core/vocabulary/names.ts'
import { dropMounts, sameOptions, type VolumeRecord } from '../../core/volume/record.ts'
import { mountpointOf, rootOf, type Driver } from './driver.ts'
import { contentFacts, prepare } from '../recipe/prepare.ts'
import { volumeStatus, type VolumeStatus } from './status.ts'
import { wipeVolume } from './wipe.ts'

/** A volume as the engine is told of it. */
export interface VolumeView {
  readonly name: VolumeName
  /** Empty while nothing is mounted. */
  readonly mountpoint: string
  readonly createdAt: string
  readonly status: VolumeStatus
}

/** Checks all that can be checked without a network, then remembers the volume. The same name and options again is success. */
export async function createVolume(
  driver: Driver,
  nameText: string,
  options: VolumeRecord['options'],
  signal: AbortSignal,
): Promise<void> {
  const name = parseVolumeName(nameText)
  await driver.locks.run(name, signal, async () => {
    const existing = driver.table.find(name)
    if (existing !== undefined) return refuseOtherOptions(existing.record, options)
    const prepared = await prepare(driver.daemon.volumeConfig(options), driver.sources)
    const createdAt = new Date(driver.clock.now()).toISOString()
    const volume = await driver.table.add({ name, options, createdAt, mounts: [] })
    volume.content = contentFacts(prepared)
    volume.adopted = driver.strangers.delete(name)
    volume.mounted = volume.adopted
    driver.emit('volume.created', { volume: name, files: volume.content.files.length })
  })
}

/**
 * The engine asks only when no container uses the volume, so references that are left are stale. A volume that is not
 * there is success: the request may be a repetition.
 */
export async function removeVolume(driver: Driver, nameText: string, signal: AbortSignal): Promise<void> {
  const name = parseVolumeName(nameText)
  await driver.locks.run(name, signal, async () => {
    const volume = driver.table.find(name)
    if (volume === undefined) return
    const stale = volume.record.mounts.map((mount) => mount.id)
    if (stale.length > 0) {
      driver.emit('volume.stale', {
        volume: name,
        mountIds: stale,
      })
    }
    // First, as on an unmount: after a crash half-way a reference would stand for files that are wiped.
    await driver.table.update(volume, dropMounts(volume.record))
    if (await driver.mounts.isMounted(rootOf(driver, name))) await wipeVolume(driver, volume)
    if (volume.mounted)
      throw new LocketError(
        'mount_failed',
        `volume ${name} cannot be unmounted: ${volume.lastError ?? 'see the log'}`,
        { facts: { volume: name }, names: ['volume'] },
      )
    await driver.table.remove(volume)
    await driver.clients.release(name)
    driver.emit('volume.removed', { volume: name })
  })
}

/** Never waits and, for a known volume, never fails: the engine would make a local volume in its place. */
export function getVolume(driver: Driver, nameText: string): VolumeView {
  const volume = driver.table.get(nameText as VolumeName)
  const { name, createdAt } = volume.record
  return {
    name,
    mountpoint: volume.mounted ? mountpointOf(driver, name) : '',
    createdAt,
    status: volumeStatus(volume, driver.clock.now(), driver.clients.statusOf(name)),
  }
}

export function listVolumes(
  driver: Driver,
): readonly { readonly name: VolumeName; readonly mountpoint: string }[] {
  return driver.table.list().map((volume) => ({
    name: volume.record.name,
    mountpoint: volume.mounted ? mountpointOf(driver, volume.record.name) : '',
  }))
}

function refuseOtherOptions(existing: VolumeRecord, options: VolumeRecord['options']): void {
  if (sameOptions(existing.options, options)) return
  const names = new Set([...Object.keys(existing.options), ...Object.keys(options)])
  const changed = [...names].filter((name) => existing.options[name] !== options[name]).sort()
  throw new LocketError(
    'volume_exists',
    `volume ${existing.name} exists with other driver options (differs: ${changed.join(', ')})`,
    {
      hint: `docker volume rm ${existing.name}, then create it again`,
      facts: { volume: existing.name },
      names: ['volume'],
    },
  )
}
