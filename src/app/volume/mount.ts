import type { VolumeConfig } from '../../config/volume/volume-config.ts'
import { addFacts, formatError, LocketError, toLocketError } from '../../core/vocabulary/errors.ts'
import { parseMountId, parseVolumeName, type MountId } from '../../core/vocabulary/names.ts'
import {
  addMount,
  doubtMounts,
  dropMounts,
  hasMount,
  removeMount,
  renewMount,
} from '../../core/volume/record.ts'
import { mountTimeoutMs, openDeadline } from '../render/deadline.ts'
import { configOf, mountpointOf, NEVER, report, rootOf, type Driver } from './driver.ts'
import { followTemplates } from './follow.ts'
import { renderVolume } from './render-volume.ts'
import type { Volume } from './volume-table.ts'
import { clearLeftover, wipeVolume } from './wipe.ts'

export interface MountAnswer {
  readonly mountpoint: string
  /** For when the answer does not reach the engine, which sends no Unmount then. Undoes what this request did, and no more. */
  undo(): Promise<void>
}

/**
 * The same ID again is one more use of it, to be unmounted as often: `docker cp` does that with a running container. Only an ID of
 * before this process or engine is taken over as it is, because its container ended without an Unmount. The engine's
 * repetitions come without a body and never get here. `signal` aborts when the engine hangs up.
 */
export async function mountVolume(
  driver: Driver,
  nameText: string,
  idText: string,
  signal: AbortSignal,
): Promise<MountAnswer> {
  const name = parseVolumeName(nameText)
  const id = parseMountId(idText)
  const volume = driver.table.get(name)
  let added = false
  try {
    const config = configOf(driver, volume)
    // From the arrival on: a mount that waited for another one of the volume has the less time itself.
    const timeoutMs = mountTimeoutMs(config.mountTimeoutMs, driver.host.uptimeMs())
    const gone = AbortSignal.any([signal, driver.stopping])
    using deadline = openDeadline(timeoutMs, driver.clock, gone)
    await driver.locks.run(name, deadline.signal, async () => {
      if (driver.table.get(name) !== volume)
        throw new LocketError('aborted', 'the volume was removed meanwhile')
      added = await mountLocked(driver, volume, id, config, { deadline: deadline.signal, gone })
      if (signal.aborted && added) await releaseLocked(driver, volume, id)
      signal.throwIfAborted()
    })
  } catch (thrown) {
    const failure = rememberFailure(driver, volume, thrown)
    if (signal.aborted) Object.assign(driver.lost, { message: formatError(failure), at: driver.clock.now() })
    throw failure
  }
  const undo = added ? () => undoMount(driver, volume, id) : async () => undefined
  return { mountpoint: mountpointOf(driver, name), undo }
}

const LOST_FOR_MS = 10_000

/** What the mount met that the engine has just stopped waiting for. */
export function lastLostMount(driver: Driver): string | undefined {
  const { message, at } = driver.lost
  return driver.clock.now() - at < LOST_FOR_MS ? message : undefined
}

/**
 * Another engine has come: it mounts under the IDs of containers that ended with the last one, and will unmount them once.
 * A process that merely crashed and was started again must not think so: its containers still run, see `docker cp` above.
 */
export async function doubtUses(driver: Driver): Promise<void> {
  await Promise.all(driver.table.list().map((volume) => doubtVolume(driver, volume)))
}

/** A state that cannot be saved is told and no more: this process doubts all the same, and the engine must get its answer. */
async function doubtVolume(driver: Driver, volume: Volume): Promise<void> {
  volume.uses.clear()
  try {
    await driver.table.update(volume, doubtMounts(volume.record))
  } catch (thrown) {
    report(driver, volume, 'volume.state', thrown)
  }
}

/** A volume or an ID that is not known is success: the engine must never be stuck on one. */
export async function unmountVolume(driver: Driver, nameText: string, idText: string): Promise<void> {
  const name = parseVolumeName(nameText)
  const id = parseMountId(idText)
  await driver.locks.run(name, NEVER, async () => {
    const volume = driver.table.find(name)
    if (volume === undefined || !hasMount(volume.record, id)) {
      driver.emit('volume.unmount.unknown', {
        volume: name,
        mountId: id,
      })
      return
    }
    await releaseLocked(driver, volume, id)
  })
}

interface MountSignals {
  readonly deadline: AbortSignal
  /** Nobody waits for the answer any more. */
  readonly gone: AbortSignal
}

/** False when the ID was there already. */
async function mountLocked(
  driver: Driver,
  volume: Volume,
  id: MountId,
  config: VolumeConfig,
  signals: MountSignals,
): Promise<boolean> {
  const { name } = volume.record
  const started = driver.clock.now()
  const root = rootOf(driver, name)
  const reference = { id, since: new Date(started).toISOString(), bootId: driver.host.bootId }
  volume.mounted = await driver.mounts.isMounted(root)
  if (volume.mounted && hasMount(volume.record, id)) {
    const uses = volume.uses.get(id) ?? 0
    if (uses === 0) await driver.table.update(volume, renewMount(volume.record, reference))
    volume.uses.set(id, uses + 1)
    return uses > 0
  }
  if (volume.mounted && (volume.record.mounts.length > 0 || volume.adopted)) {
    await driver.table.update(volume, addMount(volume.record, reference))
    volume.uses.set(id, 1)
    driver.emit('volume.mounted.again', { volume: name, mountId: id })
    return true
  }
  if (volume.mounted) await clearLeftover(driver, volume)
  await provision(driver, volume, config, signals)
  try {
    // References of a tmpfs that is gone are dropped here: whoever held them has no part in this one.
    await driver.table.update(volume, addMount(dropMounts(volume.record), reference))
  } catch (error) {
    await wipeVolume(driver, volume)
    throw error
  }
  volume.uses.clear()
  volume.uses.set(id, 1)
  volume.lastError = undefined
  driver.emit('volume.mounted', {
    volume: name,
    mountId: id,
    files: volume.content?.files.length,
    references: volume.content?.references,
    ms: driver.clock.now() - started,
  })
  await followTemplates(driver, volume)
  return true
}

async function provision(
  driver: Driver,
  volume: Volume,
  config: VolumeConfig,
  signals: MountSignals,
): Promise<void> {
  const { sink, templates, rendered, content } = await renderVolume(driver, volume, config, signals.deadline)
  try {
    // Not the deadline: what the failure policy lets pass has just used it up.
    signals.gone.throwIfAborted()
    const mounted = await sink.mount(templates, rendered)
    volume.mounted = true
    volume.mountWarnings = mounted.warnings
    volume.content = content
    volume.lastRender = new Date(driver.clock.now()).toISOString()
  } finally {
    rendered.wipe()
  }
}

/** Takes one reference away, and with the last one the secrets. The record goes first: a crash after it leaves a mount that restore wipes. */
async function releaseLocked(driver: Driver, volume: Volume, id: MountId): Promise<void> {
  const { name } = volume.record
  const uses = volume.uses.get(id) ?? 1
  if (uses > 1) {
    volume.uses.set(id, uses - 1)
    return
  }
  const record = removeMount(volume.record, id)
  volume.uses.delete(id)
  try {
    await driver.table.update(volume, record)
  } catch (thrown) {
    // The engine never repeats an Unmount: the secrets go even when the disk does not take the news of it.
    volume.record = record
    report(driver, volume, 'volume.state', thrown)
  }
  if (record.mounts.length > 0) {
    driver.emit('volume.unmounted.once', {
      volume: name,
      mountId: id,
      left: record.mounts.length,
    })
    return
  }
  await wipeVolume(driver, volume)
  if (!volume.mounted) driver.emit('volume.unmounted', { volume: name, mountId: id })
}

async function undoMount(driver: Driver, volume: Volume, id: MountId): Promise<void> {
  const { name } = volume.record
  await driver.locks.run(name, NEVER, async () => {
    if (driver.table.find(name) !== volume || !volume.uses.has(id)) return
    driver.emit('volume.mount.lost', {
      volume: name,
      mountId: id,
    })
    await releaseLocked(driver, volume, id)
  })
}

function rememberFailure(driver: Driver, volume: Volume, thrown: unknown): LocketError {
  const { name } = volume.record
  const failure = addFacts(toLocketError(thrown), { volume: name, undone: 'not mounted' })
  report(driver, volume, 'volume.mount.failed', failure)
  return failure
}
