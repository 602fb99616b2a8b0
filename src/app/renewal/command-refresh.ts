import type { LocketError } from '../../core/vocabulary/errors.ts'
import type { Clock } from '../../core/ports/clock.ts'
import type { WatchPaths } from '../../core/ports/files.ts'
import type { SecretRef } from '../../core/vocabulary/ref.ts'
import type { ProviderInstance } from '../../providers/define.ts'
import { createPlacedVersions, type VersionsOf } from './placed-versions.ts'
import { leasedUntil } from './leased.ts'
import { followPlan } from './refresh-plan.ts'
import type { Trigger } from './renewal.ts'
import { createTicks } from './ticks.ts'
import { createValueFiles } from './value-files.ts'

/** The settings of a command's refresh. */
export interface RefreshSettings {
  readonly refresh: 'auto' | 'off' | number
  /** The configured instances. Those that are asked decide about the interval. */
  readonly providers: readonly Pick<ProviderInstance, 'name' | 'def' | 'settings'>[]
}

/** Calls `hear` when the servers of the instances of these names tell a change. */
export type FollowChanges = (
  names: readonly string[],
  hear: (isAbout: (ref: SecretRef) => boolean) => void,
) => Disposable & { isLive(): boolean }

/** The ports of a refresh. */
interface RefreshPorts {
  readonly versionsOf: VersionsOf
  readonly clock: Clock
  readonly watch: WatchPaths
  readonly follow: FollowChanges
}

/** The refresh of a command: the schedule that volumes have, for one caller. */
export interface CommandRefresh {
  readonly trigger: Trigger
  /** Asks for all values again, now, as a tick of the refresh does. */
  demand(): void
  /** Begins a run. */
  begin(): RefreshRun
}

/** One run of the renewal of a command. */
interface RefreshRun {
  /** True: all values have to be asked for. False: only those of templates that have changed. */
  readonly isDue: boolean
  /**
   * Call it when the values of these references are in place. They decide about the schedule. See `Rendered`
   * for `expiresAt` and `isSteady`.
   */
  done(
    refs: Iterable<SecretRef>,
    values: { readonly expiresAt?: number | undefined; readonly isSteady?: boolean | undefined },
  ): Promise<void>
}

/**
 * Makes the refresh. `forget` forgets kept values before a refresh; `failed` reports that a file of values
 * cannot be watched.
 */
export function createCommandRefresh(
  { refresh, providers }: RefreshSettings,
  { clock, watch, follow, versionsOf }: RefreshPorts,
  { forget, failed }: { readonly forget: () => void; readonly failed: (error: LocketError) => void },
): CommandRefresh {
  const ticks = createTicks(clock, forget)
  const valueFiles = createValueFiles(watch)
  let fire: (() => void) | undefined
  /** How often a refresh was asked for, and how many of these requests were served. */
  let [asked, served] = [0, 0]
  let used: ReadonlyMap<string, SecretRef> = new Map()
  let hearing: ReturnType<FollowChanges> | undefined
  /** See `leasedUntil`. */
  let leased = 0
  let isAllSteady = true
  let planned = ''
  const known = createPlacedVersions(
    { clock, versionsOf },
    { refs: () => [...used.values()], changed: () => fire?.() },
  )
  let joined = new AsyncDisposableStack()

  return {
    async trigger(wake) {
      fire = () => {
        asked += 1
        wake()
      }
      return {
        async [Symbol.asyncDispose]() {
          fire = undefined
          known.end()
          await joined.disposeAsync()
        },
      }
    },
    demand: () => fire?.(),
    begin() {
      const now = asked
      const isDue = asked > served
      const isPlaced = known.begin()
      return {
        isDue,
        async done(refs, { expiresAt, isSteady = false }) {
          leased = leasedUntil(expiresAt, clock.now()) ?? (isDue ? 0 : leased)
          const asked = [...refs].map((ref) => [ref.id, ref] as const)
          used = new Map(isDue ? asked : [...used, ...asked])
          isAllSteady = isSteady && (isDue || isAllSteady)
          served = now
          if (isDue) isPlaced()
          await schedule()
        },
      }
    },
  }

  function hear(tellers: readonly string[], wake: () => void): ReturnType<FollowChanges> {
    return follow(tellers, (isAbout) => [...used.values()].some((ref) => isAbout(ref)) && wake())
  }

  async function schedule(): Promise<void> {
    if (fire === undefined) return
    const names = new Set([...used.values()].map((ref) => ref.provider))
    const asked = providers.filter(({ name }) => names.has(name))
    const { plan, tellers, key } = followPlan(refresh, asked)
    if (key === planned) return
    planned = key
    // Who tells changes also tells versions.
    const wake = tellers.length === 0 ? fire : () => known.ask()
    // A lease ends although nobody tells it.
    const isTold = () => leased === 0 && isAllSteady && hearing?.isLive() === true
    const onTick = () => clock.now() >= leased && !isTold() && wake()
    const before = joined
    joined = new AsyncDisposableStack()
    if (plan.everyMs !== undefined) joined.use(ticks.join(plan.everyMs, onTick))
    hearing =
      tellers.length === 0
        ? undefined
        : joined.use(
            hear(
              tellers.map(({ name }) => name),
              wake,
            ),
          )
    if (plan.files.length > 0) joined.use(valueFiles.join(plan.files, { changed: wake, failed }))
    await before.disposeAsync()
  }
}
