import { formatDuration } from '../../core/text/units.ts'
import type { ProviderStatus } from '../../providers/define.ts'
import type { Volume } from './volume-table.ts'

/** Shown by `docker volume inspect`. Never a value. */
export interface VolumeStatus {
  readonly state: 'idle' | 'mounted' | 'orphaned'
  readonly files: readonly string[]
  readonly references: number
  readonly providers: readonly string[]
  /** One line an instance that is asked over a network: users are billed and throttled by the requests of it, from whichever volume. */
  readonly requests: readonly string[]
  /** One line a mount: its ID and age. */
  readonly mounts: readonly string[]
  readonly lastRender: string | null
  readonly lastError: string | null
  readonly warnings: readonly string[]
}

export function volumeStatus(
  volume: Volume,
  now: number,
  used: ReadonlyMap<string, ProviderStatus>,
): VolumeStatus {
  const { record, content } = volume
  const orphaned = !volume.mounted && record.mounts.length > 0
  return {
    state: volume.mounted ? 'mounted' : orphaned ? 'orphaned' : 'idle',
    files: content?.files ?? [],
    references: content?.references ?? 0,
    providers: content?.providers ?? [],
    requests: [...used].map(
      ([name, { requestsLastHour }]) => `${name}: ${requestsLastHour} in the last hour`,
    ),
    mounts: record.mounts.map(
      (mount) => `${mount.id} for ${ageOf(mount.since, now)}${orphaned ? ', orphaned' : ''}`,
    ),
    lastRender: volume.lastRender ?? null,
    lastError: volume.lastError ?? null,
    warnings: [
      ...(orphaned ? [ORPHANED] : []),
      ...(volume.adopted ? [ADOPTED] : []),
      ...volume.mountWarnings,
      ...(content?.warnings ?? []),
      ...[...used.values()].flatMap(({ paused }) => paused ?? []),
    ],
  }
}

const ORPHANED =
  'containers that were running when the tmpfs went away keep a copy that is not managed any more: restart them'
const ADOPTED =
  'mounted by an earlier process whose references were lost: wiped when its last known user goes, or on remove'

function ageOf(since: string, now: number): string {
  const seconds = Math.max(0, Math.floor((now - Date.parse(since)) / 1000))
  return formatDuration(seconds * 1000)
}
