import { toLocketError, type LocketError } from '../../core/vocabulary/errors.ts'
import { createBackOff } from '../../core/waiting/back-off.ts'
import { createSlots } from '../../core/waiting/slots.ts'
import type { Clock } from '../../core/ports/clock.ts'
import { createWake, type Wake } from '../renewal/wake.ts'

/** The result of a try that did not do all of its work. */
export interface Unfinished<W> {
  /** The rest of the work. */
  readonly left: W
  readonly error: LocketError
  /** False: another try would do harm, or cannot help. */
  readonly mayRepeat: boolean
}

/** How workers do their work. */
interface WorkRules<W> {
  /** Joins work of the same key: the rest of the older one with newer one. */
  readonly merge: (older: W, newer: W) => W
  /** Resolves with undefined when all is done. */
  readonly attempt: (work: W) => Promise<Unfinished<W> | undefined>
  /** Called after each try that failed. `isOver`: there is no other one. */
  readonly failed: (key: string, unfinished: Unfinished<W>, isOver: boolean) => void
  /** Called when all of the work is done. It is the work as it was last begun. */
  readonly done: (key: string, work: W) => void
}

/** Does pieces of work, each until it works or is given up. Pieces of one key never run at the same time. */
interface Workers<W> {
  /** Returns at once. */
  add(key: string, work: W): void
}

const FIRST_PAUSE_MS = 5000
const LONGEST_PAUSE_MS = 60_000
/** Milliseconds after which a piece of work is given up. */
const LONGEST_WORK_MS = 600_000
/** Tries that run at the same time. More restarts at once would be a burden for the host. */
const AT_ONCE = 4

interface Worker<W> {
  next: W | undefined
  readonly wake: Wake
}

/**
 * Makes workers without work. A try that fails is repeated after 5 s, then after twice as long, up to 60 s,
 * for ten minutes. New work of the key ends a pause at once. Everything ends when `stopping` aborts.
 */
export function createWorkers<W>(rules: WorkRules<W>, clock: Clock, stopping: AbortSignal): Workers<W> {
  const workers = new Map<string, Worker<W>>()
  const inSlot = createSlots(AT_ONCE)

  async function attempt(work: W): Promise<Unfinished<W> | undefined> {
    try {
      return await inSlot(async () => {
        stopping.throwIfAborted()
        return rules.attempt(work)
      })
    } catch (thrown) {
      return { left: work, error: toLocketError(thrown), mayRepeat: true }
    }
  }

  async function run(key: string, worker: Worker<W>): Promise<void> {
    let rest: W | undefined
    let backOff = createBackOff(FIRST_PAUSE_MS, LONGEST_PAUSE_MS)
    let end = 0
    for (;;) {
      if (worker.next !== undefined) {
        rest = rest === undefined ? worker.next : rules.merge(rest, worker.next)
        worker.next = undefined
        backOff = createBackOff(FIRST_PAUSE_MS, LONGEST_PAUSE_MS)
        end = clock.elapsed() + LONGEST_WORK_MS
      }
      if (rest === undefined) break
      const unfinished = await attempt(rest)
      if (stopping.aborted) break
      if (unfinished === undefined) {
        rules.done(key, rest)
        rest = undefined
        continue
      }
      const pauseMs = backOff.next()
      const isOver = !unfinished.mayRepeat || clock.elapsed() + pauseMs > end
      rest = isOver ? undefined : unfinished.left
      rules.failed(key, unfinished, isOver)
      if (!isOver && worker.next === undefined) await worker.wake.next(pauseMs, stopping)
      if (stopping.aborted) break
    }
    // There is no pause between the look for new work and this.
    workers.delete(key)
  }

  return {
    add(key, work) {
      const known = workers.get(key)
      if (known !== undefined) {
        known.next = known.next === undefined ? work : rules.merge(known.next, work)
        known.wake.set()
        return
      }
      const worker: Worker<W> = { next: work, wake: createWake(clock) }
      workers.set(key, worker)
      void run(key, worker)
    },
  }
}
