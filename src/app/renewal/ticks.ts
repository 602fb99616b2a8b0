import { LocketError } from '../../core/vocabulary/errors.ts'
import type { Clock } from '../../core/ports/clock.ts'
import { giveOrTake } from '../../core/waiting/back-off.ts'

/** A caller of a schedule. Disposing ends its ticks; with the last caller the timer ends. */
export interface Tick extends Disposable {
  /** Returns the milliseconds until the next tick. */
  nextInMs(): number
}

/**
 * The schedule of all refreshes of a daemon. Callers with the same interval get their ticks at the same
 * moment, so that what several of them need is asked for once.
 */
export interface Ticks {
  /**
   * Calls `fire` once in each interval, give or take a tenth. `isSoon`: the first tick comes within 3 s,
   * because changes may have been missed.
   */
  join(everyMs: number, fire: () => void, isSoon?: boolean): Tick
}

interface Schedule {
  readonly everyMs: number
  readonly members: Set<() => void>
  /** In the time of `clock.elapsed`. */
  nextAt: number
  sleep: AbortController
}

const SOON_MS = 2000

/** Makes a schedule without callers. `onTick` is called before the callers of a tick. */
export function createTicks(clock: Clock, onTick: () => void): Ticks {
  const schedules = new Map<number, Schedule>()

  async function run(schedule: Schedule): Promise<void> {
    while (schedule.members.size > 0) {
      const { signal } = schedule.sleep
      const isDue = await clock.sleep(Math.max(0, schedule.nextAt - clock.elapsed()), signal).then(
        () => true,
        () => false,
      )
      if (!isDue) continue
      schedule.nextAt = clock.elapsed() + giveOrTake(schedule.everyMs)
      onTick()
      for (const fire of schedule.members) fire()
    }
  }

  function wake(schedule: Schedule): void {
    const { sleep } = schedule
    schedule.sleep = new AbortController()
    sleep.abort(new LocketError('aborted', 'the schedule has changed'))
  }

  function scheduleOf(everyMs: number): Schedule {
    const known = schedules.get(everyMs)
    if (known !== undefined) return known
    const nextAt = clock.elapsed() + giveOrTake(everyMs)
    const schedule = { everyMs, members: new Set<() => void>(), nextAt, sleep: new AbortController() }
    schedules.set(everyMs, schedule)
    return schedule
  }

  return {
    join(everyMs, fire, isSoon = false) {
      const schedule = scheduleOf(everyMs)
      // A function of its own, so that one caller can join twice.
      const member = () => fire()
      schedule.members.add(member)
      const soon = clock.elapsed() + giveOrTake(SOON_MS)
      if (isSoon && schedule.nextAt > clock.elapsed() + 1.5 * SOON_MS) {
        schedule.nextAt = soon
        wake(schedule)
      }
      if (schedule.members.size === 1) void run(schedule)
      return {
        nextInMs: () => Math.max(0, schedule.nextAt - clock.elapsed()),
        [Symbol.dispose]() {
          if (!schedule.members.delete(member) || schedule.members.size > 0) return
          schedules.delete(everyMs)
          wake(schedule)
        },
      }
    },
  }
}
