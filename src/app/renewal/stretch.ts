import type { ProviderInstance, ProviderStatus } from '../../providers/define.ts'

/** The limit of requests that refreshes wait for. */
export interface RefreshLimit {
  /** The name of the instance: `op` or `prod-vault`. */
  readonly provider: string
  /** The setting that users can change: `op-max-rate`. */
  readonly setting: string
}

/** Whether the refreshes of one volume come in time. Disposing ends the membership. */
export interface Pace extends Disposable {
  /** Notes a tick. False: the refresh of an earlier tick still runs, so this tick begins none. */
  tick(): boolean
  /** Runs one refresh. */
  run<T>(refresh: () => Promise<T>): Promise<T>
  /** Returns the milliseconds between two refreshes, and why. Undefined: the interval is kept. */
  stretched(): { readonly toMs: number; readonly by: RefreshLimit | undefined } | undefined
}

/** The volumes whose refreshes take longer than their interval, because a limit makes them wait. */
export interface Stretches {
  /** `limitOf` returns the limit that the volume's refresh waits for at the moment. */
  join(everyMs: number, limitOf: () => RefreshLimit | undefined): Pace
}

/**
 * The functions that report the first volume of a limit that comes late, and the last one that is in time.
 */
interface StretchReports {
  readonly began: (limit: RefreshLimit) => void
  readonly ended: (limit: RefreshLimit) => void
}

/** Makes a table without volumes. */
export function createStretches({ began, ended }: StretchReports): Stretches {
  const late = new Map<string, { readonly limit: RefreshLimit; readonly members: Set<object> }>()

  function noteLate(member: object, limit: RefreshLimit): void {
    const known = late.get(limit.provider)
    if (known !== undefined) return void known.members.add(member)
    late.set(limit.provider, { limit, members: new Set([member]) })
    began(limit)
  }

  function noteInTime(member: object): void {
    for (const [provider, { limit, members }] of late) {
      if (!members.delete(member) || members.size > 0) continue
      late.delete(provider)
      ended(limit)
    }
  }

  return {
    join(everyMs, limitOf) {
      const member = {}
      let running = 0
      /** Ticks since the last refresh began that began none. */
      let missed = 0
      let intervals = 1
      let by: RefreshLimit | undefined
      return {
        tick() {
          if (running > 0) {
            missed += 1
            intervals = Math.max(intervals, missed + 1)
            by = limitOf() ?? by
            if (by !== undefined) noteLate(member, by)
            return false
          }
          // Only a refresh that ended before the next tick was in time.
          intervals = missed + 1
          if (missed === 0) {
            by = undefined
            noteInTime(member)
          }
          missed = 0
          return true
        },
        async run<T>(refresh: () => Promise<T>) {
          running += 1
          try {
            return await refresh()
          } finally {
            running -= 1
          }
        },
        stretched: () => (intervals === 1 ? undefined : { toMs: intervals * everyMs, by }),
        [Symbol.dispose]: () => noteInTime(member),
      }
    },
  }
}

/**
 * Returns the limit of the first of these instances whose patient requests wait; undefined if none waits.
 * `statusOf` has their status by name.
 */
export function waitingLimit(
  instances: readonly Pick<ProviderInstance, 'name' | 'def' | 'settings'>[],
  statusOf: ReadonlyMap<string, Pick<ProviderStatus, 'waiting'>>,
): RefreshLimit | undefined {
  for (const { name, def, settings } of instances) {
    if (statusOf.get(name)?.waiting === undefined) continue
    const { maxRate } = settings
    const isRate = Array.isArray(maxRate) && maxRate.length > 0
    const setting = def.settings.fields[isRate ? 'maxRate' : 'maxConcurrent']?.name ?? def.kind
    return { provider: name, setting: name === def.kind ? setting : `${setting} of ${name}` }
  }
  return undefined
}
