import type { Clock } from '../../../core/ports/clock.ts'
import type { StartWorker, Worker } from '../../../core/ports/process.ts'
import { unlessAborted } from '../../../core/waiting/unless-aborted.ts'
import { FencedAnswer, type FencedCall } from './calls.ts'
import { abortError, throwIfAborted } from '../http/http-errors.ts'
import { providerError } from '../provider-error.ts'

/** The options of `createFence`. */
interface FenceOptions {
  /** The name of the library in `LIBRARIES`. */
  readonly library: string
  /** The name of the library, for messages: `1Password's SDK`. */
  readonly title: string
  readonly startWorker: StartWorker
  readonly clock: Clock
  /** The path of a PEM file of further authorities to trust. */
  readonly caCert?: string | undefined
}

/** Calls a library that runs in its own process. The process starts at the first call. */
export interface Fence extends AsyncDisposable {
  /**
   * Resolves with the answer of the library, which is plain data. An abort rejects at once. The process then
   * gets no further calls and ends when no other caller waits for it, because a call that hangs cannot be
   * told from a slow one. A crash rejects the running calls as `unavailable`. After both, the next call
   * starts a new process, which knows nothing of the old one.
   */
  call(method: string, argument: unknown, signal: AbortSignal): Promise<unknown>
}

/** Milliseconds without a call after which the process ends and frees its 80 MiB of memory. */
const IDLE_MS = 600_000

interface Running {
  readonly worker: Worker
  readonly waiting: Map<number, PromiseWithResolvers<unknown>>
  idle: AbortController
}

/** Makes the fence of one library. After dispose every call rejects with `internal`. */
export function createFence({ library, title, startWorker, clock, caCert }: FenceOptions): Fence {
  /**
   * The processes that have not ended. There is more than one only while calls wait for a process that gets
   * no new ones.
   */
  const alive = new Set<Running>()
  /** The process that gets new calls. */
  let current: Running | undefined
  let lastId = 0
  let isClosed = false

  function start(): Running {
    const worker = startWorker(library, { caCert })
    const begun: Running = { worker, waiting: new Map(), idle: new AbortController() }
    alive.add(begun)
    worker.onMessage((message) => settle(begun, message))
    void failAtEnd(begun)
    return begun
  }

  async function failAtEnd(begun: Running): Promise<void> {
    await begun.worker.ended
    alive.delete(begun)
    retire(begun)
    begun.idle.abort()
    for (const { reject } of begun.waiting.values())
      reject(providerError('unavailable', `${title} ended in the middle of the work`))
  }

  function settle({ waiting }: Running, message: unknown): void {
    const answer = FencedAnswer.safeParse(message)
    const call = answer.success ? waiting.get(answer.data.id) : undefined
    if (!answer.success || call === undefined) return
    if (answer.data.failed)
      call.reject(providerError('internal', `${title} failed in a way that is not known`))
    else call.resolve(answer.data.value)
  }

  /** Sends no further calls to the process. */
  function retire(used: Running): void {
    if (current === used) current = undefined
  }

  function rest(used: Running): void {
    if (used.waiting.size > 0 || !alive.has(used)) return
    if (current !== used) return used.worker.kill()
    used.idle = new AbortController()
    clock.sleep(IDLE_MS, used.idle.signal).then(
      () => end(used),
      () => undefined,
    )
  }

  function end(used: Running): void {
    retire(used)
    used.worker.kill()
  }

  async function answerOf(used: Running, call: FencedCall, signal: AbortSignal): Promise<unknown> {
    const answer = Promise.withResolvers<unknown>()
    used.waiting.set(call.id, answer)
    try {
      used.worker.send(call)
      return await unlessAborted(
        () => answer.promise,
        signal,
        () => abortError(title, signal.reason),
      )
    } finally {
      used.waiting.delete(call.id)
      if (signal.aborted) retire(used)
      rest(used)
    }
  }

  return {
    async call(method, argument, signal) {
      if (isClosed) throw providerError('internal', `${title} is closed`)
      throwIfAborted(title, signal)
      const used = (current ??= start())
      used.idle.abort()
      lastId += 1
      return answerOf(used, { id: lastId, method, argument }, signal)
    },
    async [Symbol.asyncDispose]() {
      isClosed = true
      current = undefined
      const last = [...alive]
      for (const { worker, waiting, idle } of last) {
        idle.abort()
        for (const { reject } of waiting.values()) reject(providerError('internal', `${title} is closed`))
        worker.kill()
      }
      await Promise.all(last.map(({ worker }) => worker.ended))
    },
  }
}
