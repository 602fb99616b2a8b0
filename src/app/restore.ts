import type { VolumeName } from '../core/names.ts'
import type { LoadedState } from '../core/ports.ts'
import { dropEarlierBoots } from '../core/volume.ts'
import { describeContent, report, rootOf, volumesFolder, type Driver } from './driver.ts'
import { followTemplates } from './follow.ts'
import { clearMount } from './provision.ts'
import type { Volume } from './volume-table.ts'
import { wipeVolume } from './wipe.ts'

/** Puts the records into memory: at once, before the socket listens, so that Get never misses a volume. */
export function loadRecords(driver: Pick<Driver, 'table'>, loaded: LoadedState): void {
  for (const record of loaded.records) driver.table.restore(record)
}

/**
 * Reconciles records with the kernel's mounts, each volume under its own lock, while the driver already answers.
 * After a fallback to older state nothing is wiped on its word: what it does not account for may be in use.
 */
export async function reconcile(driver: Driver, loaded: LoadedState): Promise<void> {
  const trusted = loaded.source === 'current'
  const strangers = await unaccounted(driver)
  await Promise.all([
    ...driver.table
      .list()
      .map((volume) => guarded(driver, volume, () => reconcileVolume(driver, volume, trusted))),
    ...strangers.map((name) => reconcileStranger(driver, name, trusted)),
  ])
}

async function reconcileVolume(driver: Driver, volume: Volume, trusted: boolean): Promise<void> {
  const { name } = volume.record
  if (driver.table.find(name) !== volume) return
  volume.mounted = await driver.mounts.isMounted(rootOf(driver, name))
  const record = dropEarlierBoots(volume.record, driver.host.bootId)
  if (record !== volume.record) {
    driver.log.info('volume.healed', 'dropped references of an earlier boot', { volume: name })
    await driver.table.update(volume, record)
  }
  const referenced = record.mounts.length > 0
  if (volume.mounted && !referenced) {
    volume.adopted = !trusted
    if (trusted) await wipeVolume(driver, volume)
    else
      driver.log.warn('volume.adopted', 'mounted, but the state tells of no user: kept until it is removed', {
        volume: name,
      })
  }
  if (!volume.mounted && referenced) {
    const mountIds = record.mounts.map((mount) => mount.id)
    driver.log.warn(
      'volume.orphaned',
      'its tmpfs is gone: containers that still run with it need a restart',
      { volume: name, mountIds },
    )
  }
  await describeContent(driver, volume)
  if (volume.mounted && volume.following === undefined) await followTemplates(driver, volume)
}

/** Below our folder, mounted, and in no record. */
async function unaccounted(driver: Driver): Promise<VolumeName[]> {
  const folder = volumesFolder(driver)
  const targets = await driver.mounts.listUnder(folder)
  const names = targets.map((target) => target.slice(folder.length + 1) as VolumeName)
  return names.filter((name) => driver.table.find(name) === undefined)
}

async function reconcileStranger(driver: Driver, name: VolumeName, trusted: boolean): Promise<void> {
  if (!trusted) {
    driver.strangers.add(name)
    driver.log.warn('volume.unknown', 'mounted, but no record tells of it: kept', { volume: name })
    return
  }
  await driver.locks.run(name, driver.stopping, async () => {
    if (driver.table.find(name) !== undefined) return
    await clearMount(rootOf(driver, name), driver).then(
      () => driver.log.warn('volume.unknown', 'mounted, but no record tells of it: wiped', { volume: name }),
      () =>
        driver.log.error('volume.unknown', 'mounted, but no record tells of it, and it cannot be wiped', {
          volume: name,
        }),
    )
  })
}

async function guarded(driver: Driver, volume: Volume, work: () => Promise<void>): Promise<void> {
  try {
    await driver.locks.run(volume.record.name, driver.stopping, work)
  } catch (thrown) {
    if (!driver.stopping.aborted) report(driver, volume, 'volume.restore.failed', thrown)
  }
}
