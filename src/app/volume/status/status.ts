import type { ContentFacts } from '../../recipe/volume-files.ts'
import { formatError } from '../../../core/vocabulary/errors.ts'
import type { VolumeName } from '../../../core/vocabulary/names.ts'
import { formatDuration } from '../../../core/text/units.ts'
import { mountpointOf, type Driver } from '../driver.ts'
import { tmpfsOf, usesOf, type VolumeState } from '../state.ts'
import type { Volume } from '../volume-table.ts'

/** A volume as the engine sees it. */
export interface VolumeView {
  readonly name: VolumeName
  /** The folder that containers bind. Empty while no tmpfs is mounted. */
  readonly mountpoint: string
  readonly createdAt: string
  readonly status: VolumeStatus
}

/** Shown by `docker volume inspect`. Never a value. */
export interface VolumeStatus {
  readonly state: 'idle' | 'mounted' | 'orphaned'
  /** One line for each file: its path, its providers, and its size once it is rendered. */
  readonly files: readonly string[]
  readonly references: number
  readonly providers: readonly string[]
  /** One line for each network provider: its requests are billed and throttled. */
  readonly requests: readonly string[]
  /** One line for each mount: the start of its ID, and its age. */
  readonly mounts: readonly string[]
  /** The time in UTC, and the age of the values. */
  readonly lastRender: string | null
  readonly lastError: string | null
  /** `every 1m, next in 42s`, or what else the refresh does while the volume is mounted. */
  readonly refresh: string | null
  readonly warnings: readonly string[]
}

/**
 * Returns one volume without waiting. Throws `volume_not_found` for an unknown volume only: after any other
 * error the engine would create a local volume in its place.
 */
export function getVolume(driver: Driver, nameText: string): VolumeView {
  const volume = driver.table.get(nameText as VolumeName)
  const { name, createdAt } = volume
  return { name, mountpoint: shownMountpoint(driver, volume), createdAt, status: statusOf(driver, volume) }
}

/** Returns all volumes without waiting. */
export function listVolumes(driver: Driver): readonly Pick<VolumeView, 'name' | 'mountpoint'>[] {
  return driver.table.list().map((volume) => ({
    name: volume.name,
    mountpoint: shownMountpoint(driver, volume),
  }))
}

function shownMountpoint(driver: Driver, { name, state }: Volume): string {
  return tmpfsOf(state) === undefined ? '' : mountpointOf(driver, name)
}

function statusOf(driver: Driver, { name, state, activity }: Volume): VolumeStatus {
  const { content } = activity
  const used = driver.clients.statusOf({ kind: 'volume', name })
  const note = state.kind === 'orphaned' ? ', orphaned' : ''
  const now = driver.clock.now()
  return {
    state: tmpfsOf(state) !== undefined ? 'mounted' : state.kind === 'orphaned' ? 'orphaned' : 'idle',
    files: content === undefined ? [] : fileLines(content),
    references: content?.references ?? 0,
    providers: content?.providers ?? [],
    requests: [...used].map(
      ([provider, { requestsLastHour }]) => `${provider}: ${requestsLastHour} in the last hour`,
    ),
    mounts: usesOf(state).map(({ id, since }) => `${id.slice(0, ID_DIGITS)} for ${ageOf(since, now)}${note}`),
    lastRender: activity.lastRender === undefined ? null : timeAndAge(activity.lastRender, now),
    lastError: activity.lastError ?? null,
    refresh: tmpfsOf(state)?.task === undefined ? null : (activity.refresh?.() ?? null),
    warnings: [
      ...warningsOf(state),
      ...(content?.warnings ?? []),
      ...outageLines(activity, now),
      ...(activity.postponed === undefined ? [] : [`the refresh is postponed: ${activity.postponed}`]),
      ...driver.reloads.troublesOf(name),
      ...[...used.values()].flatMap(({ paused }) => paused ?? []),
    ],
  }
}

/** As many digits of an ID as the engine's own commands show. */
const ID_DIGITS = 12

/** Docker asks for a volume more often than its content changes. */
const lines = new WeakMap<ContentFacts, readonly string[]>()

function fileLines(content: ContentFacts): readonly string[] {
  const known = lines.get(content) ?? content.files.map(fileLine)
  lines.set(content, known)
  return known
}

function fileLine({ path, providers, bytes }: ContentFacts['files'][number]): string {
  const from = providers.length === 0 ? 'no reference' : providers.join(' and ')
  return `${path} (${from}${bytes === undefined ? '' : `, ${bytes} bytes`})`
}

/** `time` in ISO 8601, as `2026-11-30 05:00:00 UTC, 3m ago`. */
function timeAndAge(time: string, now: number): string {
  return `${time.slice(0, 19).replace('T', ' ')} UTC, ${ageOf(time, now)} ago`
}

/** Returns the line about values of the cache, if they are mounted. */
function outageLines({ outage, staleSince }: Volume['activity'], now: number): readonly string[] {
  if (outage === undefined || staleSince === undefined) return []
  const since = timeAndAge(staleSince, now)
  return [`stale since ${since}: values of the cache are mounted, because ${formatError(outage)}`]
}

function warningsOf(state: VolumeState): readonly string[] {
  if (state.kind === 'orphaned') return [ORPHANED]
  const isUnrecorded = state.kind === 'unrecorded' || (state.kind === 'mounted' && state.hasUnrecorded)
  return [...(isUnrecorded ? [UNRECORDED] : []), ...(tmpfsOf(state)?.warnings ?? [])]
}

const ORPHANED =
  'containers that were running when the tmpfs went away keep a copy that is not managed: restart them'
const UNRECORDED =
  'mounted by an earlier process whose references were lost: wiped with its last known user, or on remove'

/** `since`: ISO 8601; `now`: milliseconds since the epoch. */
function ageOf(since: string, now: number): string {
  const seconds = Math.max(0, Math.floor((now - Date.parse(since)) / 1000))
  return formatDuration(seconds * 1000)
}
