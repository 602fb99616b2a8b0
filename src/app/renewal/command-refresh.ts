import type { LocketError } from '../../core/vocabulary/errors.ts'
import type { Clock } from '../../core/ports/clock.ts'
import type { WatchPaths } from '../../core/ports/files.ts'
import type { SecretRef } from '../../core/vocabulary/ref.ts'
import type { ProviderInstance } from '../../providers/define.ts'
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
  /** Sets the schedule for what these references ask. Call it after each run. */
  use(refs: Iterable<SecretRef>): Promise<void>
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
  let planned = ''
  let joined = new AsyncDisposableStack()

  return {
    async trigger(wake) {
      fire = wake
      return {
        async [Symbol.asyncDispose]() {
          fire = undefined
          await joined.disposeAsync()
        },
      }
    },
    async use(refs) {
      if (fire === undefined) return
      const used = new Set([...refs].map((ref) => ref.provider))
      const plan = refreshPlan(
        refresh,
        providers.filter(({ name }) => used.has(name)),
      )
      if (JSON.stringify(plan) === planned) return
      planned = JSON.stringify(plan)
      const before = joined
      joined = new AsyncDisposableStack()
      if (plan.everyMs !== undefined) joined.use(ticks.join(plan.everyMs, fire))
      if (plan.files.length > 0) joined.use(valueFiles.join(plan.files, { changed: fire, failed }))
      await before.disposeAsync()
    },
  }
}
