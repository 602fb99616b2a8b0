import type { VolumeName } from '../../core/vocabulary/names.ts'
import type { LoadedState } from '../../core/ports/store.ts'
import { dropEarlierBoots } from '../../core/volume/record.ts'
import { describeContent, report, rootOf, volumesFolder, type Driver } from './driver.ts'
import { followTemplates } from './follow.ts'
import { clearTmpfs } from '../sinks/volume.ts'
import type { Volume } from './volume-table.ts'
import { wipeVolume } from './wipe.ts'

type LoadDeps = Pick<Driver, 'daemon' | 'host' | 'emit' | 'mounts' | 'strangers' | 'table'>

/**
 * Puts the records into memory, before the socket listens: Get never misses a volume, and what an early request does to one rests on
 * what is mounted, not on a guess. After a fallback to older state its word is not enough to wipe: what it does not account for may
 * be in use.
 */
export async function loadRecords(driver: LoadDeps, loaded: LoadedState): Promise<void> {
  const mounted = await mountedVolumes(driver)
  for (const stored of loaded.records) {
    const record = dropEarlierBoots(stored, driver.host.bootId)
    if (record !== stored) driver.emit('volume.healed', { volume: record.name })
    const volume = driver.table.restore(record)
    for (const mount of record.mounts) if (mount.unsure !== true) volume.uses.set(mount.id, 1)
    volume.mounted = mounted.delete(record.name)
    volume.adopted = volume.mounted && record.mounts.length === 0 && !isTrusted(loaded)
  }
  if (!isTrusted(loaded)) for (const name of mounted) driver.strangers.add(name)
}

/** Brings the kernel's mounts in line with the records, each volume under its own lock, while the driver already answers. */
export async function reconcile(driver: Driver, loaded: LoadedState): Promise<void> {
  const strangers = [...(await mountedVolumes(driver))].filter(
    (name) => driver.table.find(name) === undefined,
  )
  await Promise.all([
    ...driver.table.list().map((volume) => guarded(driver, volume, () => reconcileVolume(driver, volume))),
    ...strangers.map((name) => reconcileStranger(driver, name, isTrusted(loaded))),
  ])
}

function isTrusted(loaded: LoadedState): boolean {
  return loaded.source === 'current'
}

async function reconcileVolume(driver: Driver, volume: Volume): Promise<void> {
  const { name } = volume.record
  if (driver.table.find(name) !== volume) return
  volume.mounted = await driver.mounts.isMounted(rootOf(driver, name))
  const mountIds = volume.record.mounts.map((mount) => mount.id)
  if (volume.mounted && mountIds.length === 0) {
    if (!volume.adopted) await wipeVolume(driver, volume)
    else
      driver.emit('volume.adopted', {
        volume: name,
      })
  }
  if (!volume.mounted && mountIds.length > 0) {
    driver.emit('volume.orphaned', { volume: name, mountIds })
  }
  await describeContent(driver, volume)
  if (volume.mounted && volume.following === undefined) await followTemplates(driver, volume)
}

/** Below our folder, in a record or not. */
async function mountedVolumes(driver: Pick<Driver, 'daemon' | 'mounts'>): Promise<Set<VolumeName>> {
  const folder = volumesFolder(driver)
  const targets = await driver.mounts.listUnder(folder)
  return new Set(targets.map((target) => target.slice(folder.length + 1) as VolumeName))
}

async function reconcileStranger(driver: Driver, name: VolumeName, trusted: boolean): Promise<void> {
  if (!trusted) {
    driver.emit('volume.unknown.kept', { volume: name })
    return
  }
  await driver.locks.run(name, driver.stopping, async () => {
    if (driver.table.find(name) !== undefined) return
    await clearTmpfs(rootOf(driver, name), driver).then(
      () => driver.emit('volume.unknown.wiped', { volume: name }),
      () =>
        driver.emit('volume.unknown.failed', {
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
