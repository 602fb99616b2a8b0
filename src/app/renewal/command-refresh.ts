import type { LocketError } from '../../core/vocabulary/errors.ts'
import type { Clock } from '../../core/ports/clock.ts'
import type { WatchPaths } from '../../core/ports/files.ts'
import type { SecretRef } from '../../core/vocabulary/ref.ts'
import type { ProviderInstance } from '../../providers/define.ts'
import { leasedUntil } from './leased.ts'
import { refreshPlan } from './refresh-plan.ts'
import type { Trigger } from './renewal.ts'
import { createTicks } from './ticks.ts'
import { createValueFiles } from './value-files.ts'

/** The settings of a command's refresh. */
export interface RefreshSettings {
  readonly refresh: 'auto' | 'off' | number
  /** The configured instances. Those that are asked decide about the interval. */
  readonly providers: readonly Pick<ProviderInstance, 'name' | 'def' | 'settings'>[]
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
   * Call it when the values of these references are in place. They decide about the schedule. `expiresAt`:
   * when the first of the values expires.
   */
  done(refs: Iterable<SecretRef>, expiresAt: number | undefined): Promise<void>
}

/**
 * Makes the refresh. `forget` forgets kept values before a refresh; `failed` reports that a file of values
 * cannot be watched.
 */
export function createCommandRefresh(
  { refresh, providers }: RefreshSettings,
  { clock, watch }: { readonly clock: Clock; readonly watch: WatchPaths },
  { forget, failed }: { readonly forget: () => void; readonly failed: (error: LocketError) => void },
): CommandRefresh {
  const ticks = createTicks(clock, forget)
  const valueFiles = createValueFiles(watch)
  let fire: (() => void) | undefined
  /** How often a refresh was asked for, and how many of these requests were served. */
  let [asked, served] = [0, 0]
  let used = new Set<string>()
  /** See `leasedUntil`. */
  let leased = 0
  let planned = ''
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
          await joined.disposeAsync()
        },
      }
    },
    demand: () => fire?.(),
    begin() {
      const now = asked
      const isDue = asked > served
      return {
        isDue,
        async done(refs, expiresAt) {
          leased = leasedUntil(expiresAt, clock.now()) ?? (isDue ? 0 : leased)
          const names = [...refs].map((ref) => ref.provider)
          used = new Set(isDue ? names : [...used, ...names])
          served = now
          await schedule()
        },
      }
    },
  }

  async function schedule(): Promise<void> {
    if (fire === undefined) return
    const plan = refreshPlan(
      refresh,
      providers.filter(({ name }) => used.has(name)),
    )
    if (JSON.stringify(plan) === planned) return
    planned = JSON.stringify(plan)
    const wake = fire
    const onTick = () => clock.now() >= leased && wake()
    const before = joined
    joined = new AsyncDisposableStack()
    if (plan.everyMs !== undefined) joined.use(ticks.join(plan.everyMs, onTick))
    if (plan.files.length > 0) joined.use(valueFiles.join(plan.files, { changed: wake, failed }))
    await before.disposeAsync()
  }
}
