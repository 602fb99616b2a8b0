import type { Clock } from '../../core/ports/clock.ts'

/** The longest time of setTimeout: 2^31 - 1 ms, some 24 days. */
const LONGEST_MS = 2 ** 31 - 1

/** Returns the clock of the system. Its `sleep` takes any number of milliseconds. */
export function systemClock(): Clock {
  return { now: Date.now, elapsed, sleep, nextTurn: createTurns() }
}

/**
 * Resumes one waiting caller in each turn of the event loop. Immediates of one turn all run in that turn:
 * without the queue, twenty volumes rendered at once would make a turn that is twenty times as long.
 */
function createTurns(): () => Promise<void> {
  const waiting: (() => void)[] = []
  function resume(): void {
    waiting.shift()?.()
    if (waiting.length > 0) setImmediate(resume)
  }
  return () =>
    new Promise((done) => {
      if (waiting.push(done) === 1) setImmediate(resume)
    })
}

async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  for (let left = ms; left > LONGEST_MS; left -= LONGEST_MS) await sleepOnce(LONGEST_MS, signal)
  await sleepOnce(ms > LONGEST_MS ? ms % LONGEST_MS : ms, signal)
}

function sleepOnce(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(reasonOf(signal))
    const timer = setTimeout(done, Math.max(0, ms))
    signal?.addEventListener('abort', aborted, { once: true })
    function done(): void {
      signal?.removeEventListener('abort', aborted)
      resolve()
    }
    function aborted(): void {
      clearTimeout(timer)
      if (signal !== undefined) reject(reasonOf(signal))
    }
  })
}

function reasonOf(signal: AbortSignal): Error {
  const reason: unknown = signal.reason
  return reason instanceof Error ? reason : new Error('aborted', { cause: reason })
}

/**
 * Milliseconds since some moment in the past. `performance.now` would load `node:perf_hooks`, which takes
 * 2 ms of a short command.
 */
function elapsed(): number {
  return Number(process.hrtime.bigint()) / 1e6
}
