import { LocketError } from '../../core/vocabulary/errors.ts'
import type { VolumeName } from '../../core/vocabulary/names.ts'
import type { LoadedState } from '../../core/ports/state-store.ts'
import { contentFacts, prepareVolume } from '../recipe/volume-files.ts'
import { resumeReload } from '../reload/volume-reload.ts'
import { clearTmpfs } from '../sinks/volume.ts'
import { configOf, timeText, reloadedVolume, report, rootOf, volumesFolder, type Driver } from './driver.ts'
import { followVolume } from './follow.ts'
import { restoredState, tmpfsOf, usesOf } from './state.ts'
import { noteKeptGeneration } from './status/generation.ts'
import type { Volume } from './volume-table.ts'
import { revokeLeases, wipeVolume } from './wipe.ts'

/**
 * Puts the records into memory. It must be done before the socket listens: Get then never misses a volume,
 * and an early request knows what is mounted. An older state that was fallen back to is not trusted, nor is a
 * record that does not have the mark of its tmpfs (ADR 0014): what they do not account for may be in use, so
 * it is not wiped.
 */
export async function loadRecords(driver: Driver, loaded: LoadedState): Promise<void> {
  await driver.leases.restore()
  const { bootId } = driver.host
  const mounted = await mountedVolumes(driver)
  const isTrusted = loaded.source === 'current'
  const marks = await marksOf(driver, mounted)
  for (const { mounts, mark, ...identity } of loaded.records) {
    const { name } = identity
    const isNewer = marks.has(name) && marks.get(name) !== mark
    const state = restoredState(mounts, {
      bootId,
      isMounted: mounted.delete(name),
      isTrusted: isTrusted && !isNewer,
      mark: isNewer ? undefined : mark,
    })
    driver.table.restore(identity, state)
    if (usesOf(state).length < mounts.length) driver.emit('volume.healed', { volume: name })
  }
  for (const name of mounted) if (!isTrusted || marks.has(name)) driver.unrecorded.add(name)
}

/** Compares records with the kernel's mounts while the driver answers, each under its volume's lock. */
export async function reconcile(driver: Driver): Promise<void> {
  await driver.lastGood.keepOnly(cachedVolumes(driver))
  for (const name of driver.leases.restored())
    if (driver.table.find(name as VolumeName) === undefined) driver.leases.giveUp(name)
  const mounted = [...(await mountedVolumes(driver))]
  const work = [
    ...driver.table.list().map((volume) => () => reconcileVolume(driver, volume)),
    ...mounted
      .filter((name) => driver.table.find(name) === undefined)
      .map((name) => () => reconcileUnrecorded(driver, name)),
  ].values()
  // All share one iterator: each takes the next piece of work when its last one is done.
  await Promise.all(Array.from({ length: AT_ONCE }, () => doAll(work, driver)))
}

/** A Mount that comes meanwhile waits for few volumes. */
const AT_ONCE = 4

async function doAll(work: Iterable<() => Promise<void>>, { clock }: Driver): Promise<void> {
  for (const next of work) {
    await next()
    // A turn of the event loop for the requests that have come.
    await clock.sleep(0)
  }
}

async function reconcileVolume(driver: Driver, volume: Volume): Promise<void> {
  try {
    await driver.locks.run(volume.name, driver.stopping, () => reconcileLocked(driver, volume))
  } catch (thrown) {
    if (!driver.stopping.aborted) report(driver, volume, 'volume.restore.failed', thrown)
  }
}

/**
 * Under the volume's lock. A request may have removed or mounted the volume already. The state is up to date:
 * `loadRecords` asked the kernel, and every request since then has kept it so.
 */
async function reconcileLocked(driver: Driver, volume: Volume): Promise<void> {
  const { name } = volume
  const { sources, clock } = driver
  if (driver.table.find(name) !== volume) return
  if (volume.state.kind === 'unused') {
    driver.emit('volume.wiped.at-start', { volume: name })
    await wipeVolume(driver, volume)
  }
  if (tmpfsOf(volume.state) === undefined) revokeLeases(driver, volume)
  warnOfState(driver, volume)
  const config = configOf(driver, volume)
  driver.table.note(volume, {
    content: contentFacts(await prepareVolume(config, sources, { clock }), config),
  })
  await resumeReload(driver, reloadedVolume(driver, volume, config))
  const tmpfs = tmpfsOf(volume.state)
  if (config.cache !== 'off' && tmpfs !== undefined) await noteStale(driver, volume)
  if (tmpfs !== undefined && volume.activity.generation === undefined)
    await noteKeptGeneration(driver, volume)
  if (tmpfs !== undefined && tmpfs.task === undefined)
    await followVolume(driver, volume, { isRestored: true })
}

/**
 * Returns the volumes that may have values in the cache. A volume whose configuration is wrong keeps them
 * until it is right again.
 */
function cachedVolumes(driver: Driver): ReadonlySet<VolumeName> {
  const mayHave = (volume: Volume): boolean => {
    try {
      return configOf(driver, volume).cache !== 'off'
    } catch {
      return true
    }
  }
  return new Set(
    driver.table
      .list()
      .filter(mayHave)
      .map(({ name }) => name),
  )
}

/** Notes that an earlier process mounted values of the cache, and could not replace them. */
async function noteStale({ lastGood, table }: Driver, volume: Volume): Promise<void> {
  const since = await lastGood.staleSince(volume.name)
  if (since === undefined) return
  const reason = new LocketError('unavailable', 'an earlier process of the daemon did not reach the provider')
  table.note(volume, { staleSince: timeText(since), lastRender: timeText(since), outage: reason })
}

function warnOfState({ emit }: Driver, { name, state }: Volume): void {
  if (state.kind === 'unrecorded') emit('volume.adopted', { volume: name })
  if (state.kind !== 'orphaned') return
  emit('volume.orphaned', { volume: name, mountIds: state.uses.map(({ id }) => id) })
}

/** Volumes that are mounted below our folder, recorded or not. */
async function mountedVolumes(driver: Driver): Promise<Set<VolumeName>> {
  const folder = volumesFolder(driver)
  const targets = await driver.mounts.listUnder(folder)
  return new Set(targets.map((target) => target.slice(folder.length + 1) as VolumeName))
}

/** The marks of those tmpfs that have one. */
async function marksOf(
  driver: Driver,
  mounted: ReadonlySet<VolumeName>,
): Promise<ReadonlyMap<VolumeName, string>> {
  const marks = new Map<VolumeName, string>()
  for (const name of mounted) {
    const mark = await driver.tree.markOf(rootOf(driver, name))
    if (mark !== undefined) marks.set(name, mark)
  }
  return marks
}

/** A mount without a record is wiped, unless the state that was loaded is not trusted. */
async function reconcileUnrecorded(driver: Driver, name: VolumeName): Promise<void> {
  const { emit } = driver
  if (driver.unrecorded.has(name)) {
    emit('volume.unknown.kept', { volume: name })
    return
  }
  await driver.locks.run(name, driver.stopping, async () => {
    if (driver.table.find(name) !== undefined) return
    await clearTmpfs(rootOf(driver, name), driver).then(
      () => emit('volume.unknown.wiped', { volume: name }),
      () => emit('volume.unknown.failed', { volume: name }),
    )
  })
}
