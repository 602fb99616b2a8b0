import { LocketError, toLocketError } from '../../core/vocabulary/errors.ts'
import type { VolumeName } from '../../core/vocabulary/names.ts'
import { mountTimeoutMs, openDeadline } from '../render/deadline.ts'
import { countOf } from '../sinks/sink.ts'
import { configOf, NEVER, type Driver } from '../volume/driver.ts'
import { refreshNow } from '../volume/follow.ts'
import { renderVolume } from '../volume/render-volume.ts'
import { mountsDropped, tmpfsOf, useOf, usesOf } from '../volume/state.ts'
import { releaseMount } from '../volume/unmount.ts'
import type { Volume } from '../volume/volume-table.ts'
import { wipeVolume } from '../volume/wipe.ts'
import { fileReport, type SizedFile } from './report.ts'

// The calls of `locket volume refresh`, `render` and `release`.

/** The result of a refresh by hand. */
export interface Refreshed {
  readonly changed: number
  readonly removed: number
  /** Null: the number is not known, because an earlier process kept no note of it. */
  readonly generation: number | null
}

/**
 * Asks the providers of a mounted volume again, now. Values that are kept for the next mount are forgotten
 * first. Rejects when it failed; the files then stay as they are.
 */
export async function refreshByHand(driver: Driver, name: string, signal: AbortSignal): Promise<Refreshed> {
  const volume = driver.table.get(name as VolumeName)
  if (tmpfsOf(volume.state) === undefined)
    throw new LocketError('usage', `volume ${name} is not mounted, so it has no files to refresh`, {
      hint: `locket volume render ${name} --dry-run shows what a mount would write`,
    })
  driver.clients.expire()
  const changes = await refreshNow(driver, volume, signal)
  return {
    changed: countOf(changes),
    removed: changes.gone.length,
    generation: volume.activity.generation?.number ?? null,
  }
}

/** The files that a mount would write now. */
export interface DryRun {
  readonly files: readonly SizedFile[]
  readonly references: number
  readonly warnings: readonly string[]
}

/**
 * Asks the providers and renders a volume in memory as a Mount does, and wipes the result. Values that are
 * kept for the next mount are forgotten first. Rejects as a Mount would.
 */
export async function dryRun(driver: Driver, name: string, signal: AbortSignal): Promise<DryRun> {
  const volume = driver.table.get(name as VolumeName)
  const config = configOf(driver, volume)
  const timeoutMs = mountTimeoutMs(config.mountTimeoutMs, Number.POSITIVE_INFINITY)
  using deadline = openDeadline(timeoutMs, driver.clock, AbortSignal.any([signal, driver.stopping]))
  driver.clients.expire()
  const audit = driver.audit.open({ action: 'render', volume: volume.name })
  const options = { keeping: 'none', audit } as const
  const made = await renderVolume(driver, volume, config, deadline.signal, options).catch(
    async (thrown: unknown) => {
      await audit.failed(toLocketError(thrown))
      throw thrown
    },
  )
  const { rendered, content } = made
  rendered.wipe()
  made.leases.dropped()
  await audit.delivered()
  const { files, references, warnings } = content
  return { files: files.map(fileReport), references, warnings }
}

/** The result of a release. */
export interface Released {
  readonly id: string | null
  readonly left: number
  /** True: no reference was left, so the files were wiped. False: a wipe that failed is tried again. */
  readonly isWiped: boolean
}

/**
 * Ends a mount reference that the engine has lost, however often it was mounted under it. The last one ends
 * the volume's mount, as an Unmount does. `idText`: an ID or the start of one; it can be left out when the
 * volume has only one reference. Rejects with `usage` when it does not name exactly one.
 */
export async function releaseByHand(
  driver: Driver,
  nameText: string,
  idText: string | undefined,
): Promise<Released> {
  const { name } = driver.table.get(nameText as VolumeName)
  return await driver.locks.run(name, NEVER, async () => {
    const volume = driver.table.get(name)
    const id = chosenId(volume, idText)
    if (id === undefined) await dropUnrecorded(driver, volume)
    else {
      driver.emit('volume.released', { volume: name, mountId: id })
      while (useOf(volume.state, id) !== undefined) await releaseMount(driver, volume, id)
    }
    const left = usesOf(volume.state).length
    return { id: id ?? null, left, isWiped: tmpfsOf(volume.state) === undefined }
  })
}

/** Returns undefined for a volume whose users no record names. */
function chosenId({ name, state }: Volume, idText: string | undefined) {
  const ids = usesOf(state).map(({ id }) => id)
  const found = ids.filter((id) => id === idText || id.startsWith(idText ?? ''))
  const [id] = found
  if (found.length === 1) return id
  if (ids.length === 0 && idText === undefined && tmpfsOf(state) !== undefined) return undefined
  if (ids.length === 0)
    throw new LocketError('usage', `volume ${name} has no mount reference, so there is nothing to release`)
  const list = ids.map((one) => one.slice(0, SHOWN_DIGITS)).join(', ')
  const problem = found.length === 0 ? 'no mount reference begins with that ID' : 'more than one fits'
  throw new LocketError('usage', `volume ${name} has the mount references ${list}: ${problem}`, {
    hint: 'give the ID of one, or its start',
  })
}

/** As many digits of an ID as `docker volume inspect` shows. */
const SHOWN_DIGITS = 12

async function dropUnrecorded(driver: Driver, volume: Volume): Promise<void> {
  driver.emit('volume.released', { volume: volume.name, mountId: 'unknown' })
  await driver.table.commit(volume, mountsDropped)
  await wipeVolume(driver, volume)
}
