import * as z from 'zod'
import { LocketError } from '../../core/errors.ts'
import type { Clock, StartWorker, Worker } from '../../core/ports.ts'
import { unlessAborted } from '../../core/unless-aborted.ts'
import { abortError } from './http-errors.ts'

export interface FenceOptions {
  /** The library, as `startWorker` knows it. */
  readonly library: string
  /** In messages: `1Password's SDK`. */
  readonly title: string
  readonly startWorker: StartWorker
  readonly clock: Clock
  readonly caCert?: string | undefined
}

/** Calls into a library that runs in a process of its own, begun at the first call. */
export interface Fence extends AsyncDisposable {
  /**
   * The answer of the library's side, plain data. An abort rejects at once, and the process ends as soon as nobody else waits for it: what
   * hangs in there cannot be told from what is slow. A crash rejects the calls that were under way as `unavailable`; the next call begins a
   * new process, which knows nothing of the old one.
   */
  call(method: string, argument: unknown, signal: AbortSignal): Promise<unknown>
}

/** What goes to the worker. */
export const Call = z.object({ id: z.number(), method: z.string(), argument: z.unknown() })
/** What comes back. */
const Answer = z.object({ id: z.number(), value: z.unknown().optional(), failed: z.boolean() })
export type Answer = z.output<typeof Answer>

/** It keeps some 80 MiB: after that long without a call they are given back. */
const IDLE_MS = 600_000

interface Running {
  readonly worker: Worker
  readonly waiting: Map<number, PromiseWithResolvers<unknown>>
  /** Somebody gave up waiting for it. */
  isDoubtful: boolean
  idle: AbortController
}

export function createFence({ library, title, startWorker, clock, caCert }: FenceOptions): Fence {
  let running: Running | undefined
  let lastId = 0
  let isClosed = false

  function start(): Running {
    const worker = startWorker(library, { caCert })
    const begun: Running = { worker, waiting: new Map(), isDoubtful: false, idle: new AbortController() }
    worker.onMessage((message) => settle(begun, message))
    void failAtEnd(begun)
    return begun
  }

  async function failAtEnd(begun: Running): Promise<void> {
    await begun.worker.ended
    if (running === begun) running = undefined
    for (const { reject } of begun.waiting.values())
      reject(new LocketError('unavailable', `${title} ended in the middle of the work`))
  }

  function settle({ waiting }: Running, message: unknown): void {
    const answer = Answer.safeParse(message)
    const call = answer.success ? waiting.get(answer.data.id) : undefined
    if (!answer.success || call === undefined) return
    if (answer.data.failed)
      call.reject(new LocketError('internal', `${title} failed in a way that is not known`))
    else call.resolve(answer.data.value)
  }

  function end(stopped: Running): void {
    if (running === stopped) running = undefined
    stopped.idle.abort()
    stopped.worker.kill()
  }

  function rest(used: Running): void {
    if (used.waiting.size > 0) return
    if (used.isDoubtful) return end(used)
    used.idle = new AbortController()
    clock.sleep(IDLE_MS, used.idle.signal).then(
      () => end(used),
      () => undefined,
    )
  }

  return {
    async call(method, argument, signal) {
      if (isClosed) throw new LocketError('internal', `${title} is closed`)
      if (signal.aborted) throw abortError(title, signal.reason)
      const used = (running ??= start())
      used.idle.abort()
      const id = (lastId += 1)
      const answer = Promise.withResolvers<unknown>()
      used.waiting.set(id, answer)
      used.worker.send({ id, method, argument })
      try {
        return await unlessAborted(
          () => answer.promise,
          signal,
          () => {
            used.isDoubtful = true
            return abortError(title, signal.reason)
          },
        )
      } finally {
        used.waiting.delete(id)
        rest(used)
      }
    },
    async [Symbol.asyncDispose]() {
      isClosed = true
      const last = running
      if (last === undefined) return
      for (const { reject } of last.waiting.values())
        reject(new LocketError('internal', `${title} is closed`))
      end(last)
      await last.worker.ended
    },
  }
}
