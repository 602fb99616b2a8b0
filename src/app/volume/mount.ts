import type { VolumeConfig } from '../../config/volume/volume-config.ts'
import { addFacts, formatError, LocketError, toLocketError } from '../../core/vocabulary/errors.ts'
import { parseMountId, parseVolumeName, type MountId } from '../../core/vocabulary/names.ts'
import { unreadableWarning } from '../../core/volume/container-users.ts'
import { markOf } from '../../core/volume/record.ts'
import type { AccessAudit } from '../audit/audit.ts'
import { mountTimeoutMs, openDeadline } from '../render/deadline.ts'
import { leasedUntil } from '../renewal/leased.ts'
import { configOf, mountpointOf, NEVER, report, rootOf, timestamp, timeText, type Driver } from './driver.ts'
import { followVolume } from './follow.ts'
import { renderVolume } from './render-volume.ts'
import { noteFirstGeneration } from './status/generation.ts'
import { startingContainer } from '../audit/starting-container.ts'
import { mountAdded, observed, tmpfsMounted, useOf } from './state.ts'
import { releaseMount } from './unmount.ts'
import type { Volume } from './volume-table.ts'
import { wipeVolume } from './wipe.ts'

/** The answer to a Mount. */
export interface MountAnswer {
  readonly mountpoint: string
  /**
   * Undoes this Mount. Call it when the answer does not reach the engine: the engine then sends no Unmount.
   */
  undo(): Promise<void>
}

/**
 * Mounts the volume, or adds one use to it. A Mount with the same ID is one more use, which needs its own
 * Unmount, unless the ID is unsure: then the ID is taken over, see ADR 0006. The engine's repetitions come
 * without a body and never get here. `signal` aborts when the engine hangs up. Rejects with an error that
 * names the volume; then nothing is added.
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
  const container = startingContainer(driver, name)
  const audit = driver.audit.open({ action: 'mount', volume: name, mountId: id, container })
  let added = false
  try {
    const config = configOf(driver, volume)
    // The time limit begins when the request arrives: a Mount that waits for another one of the volume has
    // less time itself.
    const timeoutMs = mountTimeoutMs(config.mountTimeoutMs, driver.host.uptimeMs())
    const gone = AbortSignal.any([signal, driver.stopping])
    using deadline = openDeadline(timeoutMs, driver.clock, gone)
    await driver.locks.run(name, deadline.signal, async () => {
      if (driver.table.get(name) !== volume)
        throw new LocketError('aborted', 'the volume was removed meanwhile')
      added = await mountLocked(driver, volume, id, config, {
        deadline: deadline.signal,
        gone,
        audit,
        container,
      })
      if (signal.aborted && added) await releaseMount(driver, volume, id)
      signal.throwIfAborted()
    })
  } catch (thrown) {
    const failure = addFacts(toLocketError(thrown), { volume: name, undone: 'not mounted' })
    report(driver, volume, 'volume.mount.failed', failure)
    await audit.failed(failure)
    if (signal.aborted)
      Object.assign(driver.abandonedMount, { message: formatError(failure), at: driver.clock.now() })
    throw failure
  }
  const undo = added ? () => undoMount(driver, volume, id) : async () => undefined
  return { mountpoint: mountpointOf(driver, name), undo }
}

const ABANDONED_FOR_MS = 10_000

/** Returns the reason why the Mount failed that the engine has just stopped waiting for, or undefined. */
export function lastAbandonedMount(driver: Driver): string | undefined {
  const { message, at } = driver.abandonedMount
  return driver.clock.now() - at < ABANDONED_FOR_MS ? message : undefined
}

interface MountContext {
  readonly audit: AccessAudit
  /** See `startingContainer`. */
  readonly container: Promise<string | undefined>
  readonly deadline: AbortSignal
  /** True: the engine does not wait for the answer any more. */
  readonly gone: AbortSignal
}

/** Under the volume's lock. False when an unsure ID was taken over: then there is nothing to undo. */
async function mountLocked(
  driver: Driver,
  volume: Volume,
  mountId: MountId,
  config: VolumeConfig,
  context: MountContext,
): Promise<boolean> {
  const { name } = volume
  const started = driver.clock.now()
  const reference = { id: mountId, since: timestamp(driver), bootId: driver.host.bootId }
  const isMounted = await driver.mounts.isMounted(rootOf(driver, name))
  driver.table.change(volume, (state) => observed(state, isMounted))
  const { state } = volume
  if (state.kind === 'mounted' || state.kind === 'unrecorded') {
    const before = useOf(state, mountId)
    const { container } = context
    await driver.audit.open({ action: 'mount-again', volume: name, mountId, container }).delivered()
    await driver.table.commit(volume, (now) => mountAdded(now, reference))
    if (before === undefined) driver.emit('volume.mounted.again', { volume: name, mountId })
    return before?.count !== 'unsure'
  }
  if (state.kind === 'unused') await wipeVolume(driver, volume)
  const mark = markOf(reference)
  await provision(driver, volume, config, { ...context, mark })
  try {
    await context.audit.delivered()
    await driver.table.commit(volume, (now) => mountAdded(now, reference))
  } catch (error) {
    await wipeVolume(driver, volume)
    throw error
  }
  // After the save: no container uses a mount without a mark, because no record told of it.
  await driver.tree.mark(rootOf(driver, name), mark).catch(() => undefined)
  const { content } = volume.activity
  driver.table.note(volume, { lastError: undefined })
  driver.emit('volume.mounted', {
    volume: name,
    mountId,
    files: content?.files.length,
    references: content?.references,
    ms: driver.clock.now() - started,
  })
  await followVolume(driver, volume)
  return true
}

/** Under the volume's lock: renders the files, then mounts a tmpfs with them. */
async function provision(
  driver: Driver,
  volume: Volume,
  config: VolumeConfig,
  context: MountContext & { readonly mark: string },
): Promise<void> {
  const { name } = volume
  const { audit, deadline, gone, mark } = context
  const made = await renderVolume(driver, volume, config, deadline, { keeping: 'use', audit })
  const { sink, templates, rendered, content, stale, askedAt, leases } = made
  try {
    // The signal is not the deadline, which a failure policy that tolerates missing values has used up.
    gone.throwIfAborted()
    const { warnings } = await sink.mount(templates, rendered)
    const unreadable = unreadableWarning(templates, config.written, driver.host.remapped)
    if (unreadable !== undefined) driver.emit('volume.unreadable', { volume: name, warning: unreadable })
    const all = unreadable === undefined ? warnings : [...warnings, unreadable]
    driver.table.change(volume, () => tmpfsMounted(all, mark))
    leases.delivered(true)
    if (!templates.some((template) => rendered.contents.has(template)))
      driver.emit('volume.mounted.empty', { volume: name, reason: emptyReason(templates.length) })
    const lastRender = timeText(Math.min(stale?.since ?? driver.clock.now(), askedAt ?? Infinity))
    const staleSince = stale === undefined ? undefined : timeText(stale.since)
    const outage = stale?.reason
    const until = leasedUntil(rendered.expiresAt, driver.clock.now())
    driver.table.note(volume, { content, lastRender, leasedUntil: until })
    driver.table.note(volume, { postponed: undefined, staleSince, outage })
    await noteFirstGeneration(driver, volume)
    if (stale !== undefined) {
      const { references, reason } = stale
      const error = formatError(reason)
      driver.emit('volume.cache.used', { volume: name, since: timeText(stale.since), references, error })
    }
  } finally {
    rendered.wipe()
    leases.dropped()
  }
}

/** `files`: the number of files that the volume has when all references have a value. */
function emptyReason(files: number): string {
  return files === 0
    ? 'no option secret.NAME is set'
    : 'its references have no value, and inject-failure-policy is ignore'
}

/**
 * Undoes a Mount. An unsure ID is not changed: the engine has restarted since, and may have mounted under it
 * again.
 */
async function undoMount(driver: Driver, volume: Volume, mountId: MountId): Promise<void> {
  const { name } = volume
  await driver.locks.run(name, NEVER, async () => {
    const use = driver.table.find(name) === volume ? useOf(volume.state, mountId) : undefined
    if (use === undefined || use.count === 'unsure') return
    driver.emit('volume.mount.lost', {
      volume: name,
      mountId,
    })
    await releaseMount(driver, volume, mountId)
  })
}
