import type { EngineVolumes, ListedVolume, MountingService } from '../../core/ports/engine-volumes.ts'
import { matchesGlob } from '../../core/text/glob.ts'
import { formatError, toLocketError } from '../../core/vocabulary/errors.ts'
import { fitsFilters, type VolumeFilter } from '../../core/volume/volume-filter.ts'

/** The volumes that a call is about. */
interface PruneRequest {
  /** The name of the driver, which is the alias of the plugin. */
  readonly driver: string
  /** False: volumes that no stack of a Swarm has made are kept. */
  readonly all: boolean
  /** A volume that does not fit all of them is left out. */
  readonly filters: readonly VolumeFilter[]
}

/** One volume. `doomed`: it is to be removed. */
export interface PruneRow {
  readonly name: string
  readonly outcome: 'doomed' | 'removed' | 'kept' | 'failed'
  readonly reason: string
}

const STACK = 'com.docker.stack.namespace'
const PROJECT = 'com.docker.compose.project'

/** Returns what would become of each volume of the driver, in the order of their names. Changes nothing. */
export async function planPrune(
  engine: EngineVolumes,
  { driver, all, filters }: PruneRequest,
  signal: AbortSignal,
): Promise<readonly PruneRow[]> {
  const volumes = await engine.volumes(driver, signal)
  const users = await engine.users(signal)
  const services = await engine.services(driver, signal)
  return volumes
    .filter((volume) => fitsFilters(volume, filters))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map((volume) => {
      const { name } = volume
      const kept = reasonToKeep(volume, users, services) ?? (all ? undefined : originOf(volume))
      if (kept !== undefined) return { name, outcome: 'kept', reason: kept }
      return { name, outcome: 'doomed', reason: reasonToRemove(volume, services !== undefined) }
    })
}

function reasonToKeep(
  { name }: ListedVolume,
  users: ReadonlyMap<string, string>,
  services: readonly MountingService[] | undefined,
): string | undefined {
  const user = users.get(name)
  if (user !== undefined) return `container ${user} mounts it`
  const service = services?.find(({ volumes }) => volumes.some((pattern) => matchesGlob(pattern, name)))
  return service && `service ${service.name} mounts it`
}

/** Returns why a volume is kept without `--all`: it was made by somebody who may want it again. */
function originOf({ labels }: ListedVolume): string | undefined {
  if (labels[STACK] !== undefined) return undefined
  const project = labels[PROJECT]
  return project === undefined
    ? 'not of a stack: made by hand, or by a service alone; --all removes it'
    : `of the Compose project ${project}; --all removes it`
}

function reasonToRemove({ labels }: ListedVolume, isManager: boolean): string {
  const stack = labels[STACK]
  const users = isManager ? 'no container and no service mounts it' : 'no container here mounts it'
  return stack === undefined ? users : `of stack ${stack}; ${users}`
}

/**
 * Returns the rows of a second look, before which a person has agreed to those of the first: what was not to
 * be removed then is kept.
 */
export function stillDoomed(agreed: readonly PruneRow[], now: readonly PruneRow[]): readonly PruneRow[] {
  const names = new Set(agreed.filter(({ outcome }) => outcome === 'doomed').map(({ name }) => name))
  return now.map((row) =>
    row.outcome === 'doomed' && !names.has(row.name)
      ? { ...row, outcome: 'kept', reason: 'it came after the question' }
      : row,
  )
}

/**
 * Removes the volumes that are to be removed, one after another, and returns the rows with the results. A
 * container that mounts one by now makes the engine refuse: that row is `failed`.
 */
export async function pruneVolumes(
  engine: EngineVolumes,
  plan: readonly PruneRow[],
  { driver, signal }: { readonly driver: string; readonly signal: AbortSignal },
): Promise<readonly PruneRow[]> {
  const rows: PruneRow[] = []
  for (const row of plan) {
    const isDoomed = row.outcome === 'doomed'
    rows.push(isDoomed ? await removed(row, () => engine.remove(row.name, driver, signal), signal) : row)
  }
  return rows
}

async function removed(row: PruneRow, remove: () => Promise<void>, signal: AbortSignal): Promise<PruneRow> {
  try {
    await remove()
    return { ...row, outcome: 'removed' }
  } catch (thrown) {
    signal.throwIfAborted()
    return { ...row, outcome: 'failed', reason: formatError(toLocketError(thrown)) }
  }
}
