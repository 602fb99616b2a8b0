import type { VolumeName } from '../../core/vocabulary/names.ts'
import type { LoadedState } from '../../core/ports/store.ts'
import { dropEarlierBoots } from '../../core/volume/record.ts'
import { describeContent, report, rootOf, volumesFolder, type Driver } from './driver.ts'
import { followTemplates } from './follow.ts'
import { clearMount } from './provision.ts'
import type { Volume } from './volume-table.ts'
import { wipeVolume } from './wipe.ts'

type LoadDeps = Pick<Driver, 'daemon' | 'host' | 'emit' | 'mounts' | 'strangers' | 'table' | 'tree'>

/** How many volumes are compared at once: a Mount that comes meanwhile waits for few of them. */
const AT_ONCE = 4

const STATE_LOST = 'the newest state was lost'
const STATE_OLDER = 'the state is older than the mount'

/**
 * Puts the records into memory, before the socket listens: Get never misses a volume, and an early request to
 * one rests on what is mounted, not on a guess. What the state does not account for may be in use, and is not
 * wiped: after a fallback to older state that is every mount, else a tmpfs whose mark is not in its record
 * (see ADR 0014).
 */
export async function loadRecords(driver: LoadDeps, loaded: LoadedState): Promise<void> {
  const mounted = await mountedVolumes(driver)
  const marks = await marksOf(driver, mounted)
  for (const stored of loaded.records) {
    const record = dropEarlierBoots(stored, driver.host.bootId)
    if (record !== stored) driver.emit('volume.healed', { volume: record.name })
    const volume = driver.table.restore(record)
    for (const mount of record.mounts) if (mount.unsure !== true) volume.uses.set(mount.id, 1)
    volume.mounted = mounted.delete(record.name)
    const mark = marks.get(record.name)
    const isNewer = mark !== undefined && mark !== record.mark
    volume.adopted = volume.mounted && record.mounts.length === 0 && (isNewer || !isTrusted(loaded))
  }
  for (const name of mounted) if (marks.has(name) || !isTrusted(loaded)) driver.strangers.add(name)
}

/**
 * Brings the kernel's mounts in line with the records, each volume under its own lock, while the driver
 * already answers. `Volume.mounted` is up to date: `loadRecords` asked the kernel, and every request since
 * then has kept it so.
 */
export async function reconcile(driver: Driver, loaded: LoadedState): Promise<void> {
  const strangers = [...(await mountedVolumes(driver))].filter(
    (name) => driver.table.find(name) === undefined,
  )
  const work = [
    ...driver.table
      .list()
      .map((volume) => () => guarded(driver, volume, () => reconcileVolume(driver, volume, loaded))),
    ...strangers.map((name) => () => reconcileStranger(driver, name, loaded)),
  ].values()
  // All share one iterator: each takes the next piece of work when its last one is done.
  await Promise.all(Array.from({ length: AT_ONCE }, () => doAll(work, driver)))
}

async function doAll(work: Iterable<() => Promise<void>>, { clock }: Driver): Promise<void> {
  for (const next of work) {
    await next()
    // A turn of the event loop for the requests that have come.
    await clock.sleep(0)
  }
}

function isTrusted(loaded: LoadedState): boolean {
  return loaded.source === 'current'
}

async function reconcileVolume(driver: Driver, volume: Volume, loaded: LoadedState): Promise<void> {
  const { name } = volume.record
  if (driver.table.find(name) !== volume) return
  const mountIds = volume.record.mounts.map((mount) => mount.id)
  if (volume.mounted && mountIds.length === 0) {
    if (volume.adopted) driver.emit('volume.adopted', { volume: name, reason: reasonToKeep(loaded) })
    else {
      driver.emit('volume.wiped.at-start', { volume: name })
      await wipeVolume(driver, volume)
    }
  }
  if (!volume.mounted && mountIds.length > 0) driver.emit('volume.orphaned', { volume: name, mountIds })
  await describeContent(driver, volume)
  if (volume.mounted && volume.following === undefined) await followTemplates(driver, volume)
}

function reasonToKeep(loaded: LoadedState): string {
  return isTrusted(loaded) ? STATE_OLDER : STATE_LOST
}

/** Below our folder, in a record or not. */
async function mountedVolumes(driver: Pick<Driver, 'daemon' | 'mounts'>): Promise<Set<VolumeName>> {
  const folder = volumesFolder(driver)
  const targets = await driver.mounts.listUnder(folder)
  return new Set(targets.map((target) => target.slice(folder.length + 1) as VolumeName))
}

async function marksOf(driver: LoadDeps, mounted: ReadonlySet<VolumeName>): Promise<Map<VolumeName, string>> {
  const marks = new Map<VolumeName, string>()
  for (const name of mounted) {
    const mark = await driver.tree.markOf(rootOf(driver, name))
    if (mark !== undefined) marks.set(name, mark)
  }
  return marks
}

async function reconcileStranger(driver: Driver, name: VolumeName, loaded: LoadedState): Promise<void> {
  if (driver.strangers.has(name)) {
    driver.emit('volume.unknown.kept', { volume: name, reason: reasonToKeep(loaded) })
    return
  }
  await driver.locks.run(name, driver.stopping, async () => {
    if (driver.table.find(name) !== undefined) return
    await clearMount(rootOf(driver, name), driver).then(
      () => driver.emit('volume.unknown.wiped', { volume: name }),
      () => driver.emit('volume.unknown.failed', { volume: name }),
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
