import { VERSION } from '../../core/vocabulary/version.ts'
import type { InstanceStatus } from '../access/instance-status.ts'
import type { SwarmReport } from '../swarm/swarm-secrets.ts'
import type { SwarmTrouble } from '../swarm/troubles.ts'
import { timestamp, timeText, type Driver } from '../volume/driver.ts'
import { tmpfsOf, usesOf, type VolumeState } from '../volume/state.ts'
import { getVolume } from '../volume/status/status.ts'
import type { Generation, Volume } from '../volume/volume-table.ts'

/** The daemon as `locket status` shows it. Times are in ISO 8601. It never holds a value. */
export interface DaemonReport {
  readonly version: string
  /** The daemon's time of the report, from which ages are computed. */
  readonly now: string
  readonly volumes: readonly VolumeReport[]
  readonly providers: readonly InstanceStatus[]
  /** The Swarm secrets that tasks asked for. Left out: none. */
  readonly swarm?: SwarmStatus
}

/** The secret driver of a Swarm. Times in ISO 8601. */
interface SwarmStatus {
  readonly secrets: readonly { readonly name: string; readonly served: number; readonly last: string }[]
  /** Why tasks did not get a secret, or got an old value. */
  readonly troubles: readonly SwarmTroubleReport[]
}

interface SwarmTroubleReport extends Pick<SwarmTrouble, 'secret' | 'task' | 'service' | 'error' | 'count'> {
  readonly code: string
  readonly since: string
  readonly last: string
}

/** One volume. */
export interface VolumeReport {
  readonly name: string
  readonly state: VolumeState['kind']
  readonly mounts: readonly MountReport[]
  /** Null while nothing is mounted, and for a generation of an earlier process that kept no note. */
  readonly generation: Generation | null
  /** When the oldest of the values in place was asked for with success. Null: not known, or there is none. */
  readonly lastRender: string | null
  readonly nextRefreshInMs: number | null
  /** The refresh in words: `every 1m, next in 42s`. */
  readonly refresh: string | null
  /** The first refresh that failed since the last one that worked. */
  readonly staleSince: string | null
  readonly lastError: string | null
  readonly warnings: readonly string[]
  readonly files: readonly SizedFile[]
}

interface MountReport {
  readonly id: string
  readonly since: string
  /** True: the engine has restarted since, so the container may have ended without an Unmount. */
  readonly isUnsure: boolean
}

/** One file. `bytes` is null until it is rendered, and when the failure policy leaves it out. */
export interface SizedFile {
  readonly path: string
  readonly bytes: number | null
}

/** Returns the report. It takes no lock and asks nobody. */
export function daemonReport(driver: Driver): DaemonReport {
  const volumes = driver.table.list().map((volume) => volumeReport(driver, volume))
  return {
    version: VERSION,
    now: timestamp(driver),
    volumes: volumes.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    providers: driver.clients.list().toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    ...swarmStatus(driver.swarm.report()),
  }
}

function swarmStatus({ secrets, troubles }: SwarmReport): Pick<DaemonReport, 'swarm'> {
  if (secrets.length === 0 && troubles.length === 0) return {}
  return {
    swarm: {
      secrets: secrets.map(({ last, ...secret }) => ({ ...secret, last: timeText(last) })),
      troubles: troubles.map(({ since, last, ...trouble }) => ({
        ...trouble,
        since: timeText(since),
        last: timeText(last),
      })),
    },
  }
}

function volumeReport(driver: Driver, volume: Volume): VolumeReport {
  const { name, state, activity } = volume
  const { refresh, warnings, lastError } = getVolume(driver, name).status
  const isMounted = tmpfsOf(state) !== undefined
  return {
    name,
    state: state.kind,
    mounts: usesOf(state).map(({ id, since, count }) => ({ id, since, isUnsure: count === 'unsure' })),
    generation: (isMounted && activity.generation) || null,
    lastRender: (isMounted && activity.content?.references !== 0 && activity.lastRender) || null,
    nextRefreshInMs: refresh === null ? null : (activity.nextRefreshInMs?.() ?? null),
    refresh,
    staleSince: (isMounted && activity.staleSince) || null,
    lastError,
    warnings,
    files: activity.content?.files.map(fileReport) ?? [],
  }
}

/** Returns the path and the size of one file. */
export function fileReport({
  path,
  bytes,
}: {
  readonly path: string
  readonly bytes: number | undefined
}): SizedFile {
  return { path, bytes: bytes ?? null }
}
