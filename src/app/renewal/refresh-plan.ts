import type { ProviderInstance } from '../../providers/define.ts'

/** How the change of a value is noticed. */
export interface RefreshPlan {
  /** Milliseconds between two questions; undefined: no question is asked by the clock. */
  readonly everyMs: number | undefined
  /** Absolute paths of the files that hold values, which are watched. */
  readonly files: readonly string[]
}

/**
 * Returns those of the instances whose values are asked for by the clock as long as nobody tells that they
 * have changed. A duration for `refresh` is an order to ask.
 */
function askedByClock<I extends Pick<ProviderInstance, 'def'>>(
  chosen: 'auto' | 'off' | number,
  instances: readonly I[],
): readonly I[] {
  return chosen === 'auto'
    ? instances.filter(({ def: { autoRefresh } }) => autoRefresh !== 'never' && 'everyMs' in autoRefresh)
    : []
}

/** How changes are noticed, with those of the instances that may tell them. */
interface FollowPlan<I> {
  readonly plan: RefreshPlan
  readonly tellers: readonly I[]
  /** Another text when something has to be followed in another way. */
  readonly key: string
}

/** Returns the plan for what these instances are asked for. See `refreshPlan` and `askedByClock`. */
export function followPlan<I extends Pick<ProviderInstance, 'name' | 'def' | 'settings'>>(
  chosen: 'auto' | 'off' | number,
  instances: readonly I[],
): FollowPlan<I> {
  const plan = refreshPlan(chosen, instances)
  const tellers = askedByClock(chosen, instances)
  return { plan, tellers, key: JSON.stringify([plan, tellers.map(({ name }) => name)]) }
}

/**
 * Returns the plan for what these instances are asked for: the shortest of their intervals. `chosen` is the
 * setting `refresh`; a duration replaces the interval of each instance, except of those that never change.
 */
export function refreshPlan(
  chosen: 'auto' | 'off' | number,
  instances: readonly Pick<ProviderInstance, 'def' | 'settings'>[],
): RefreshPlan {
  if (chosen === 'off') return { everyMs: undefined, files: [] }
  const intervals: number[] = []
  const files: string[] = []
  for (const { def, settings } of instances) {
    const { autoRefresh } = def
    if (autoRefresh === 'never') continue
    if (chosen !== 'auto') intervals.push(chosen)
    else if ('everyMs' in autoRefresh) intervals.push(autoRefresh.everyMs)
    else files.push(...autoRefresh.files(settings))
  }
  return { everyMs: intervals.length === 0 ? undefined : Math.min(...intervals), files }
}
