import type { BrokerChange } from '../../../core/ports/broker-store.ts'
import { LocketError } from '../../../core/vocabulary/errors.ts'

/** A change, or `lost`: anything may have changed. */
export type NotedChange = BrokerChange | { readonly kind: 'lost' }

/** The last changes, in their order, for callers that wait for them. */
export interface ChangeList {
  /** The moment after the last change, as text. */
  cursor(): string
  /** Returns the changes after the cursor. A cursor of another process, or one too old, gives `lost`. */
  since(cursor: string): readonly NotedChange[]
  add(change: NotedChange): void
  /** Resolves at the next change. Rejects with the signal's reason. */
  next(signal: AbortSignal): Promise<void>
}

/** ChangeList that are remembered. Who missed more than these asks for everything again. */
const MOST_CHANGES = 10_000

/** Returns an empty list of changes. `epoch` is a text that is new for each process. */
export function createChangeList(epoch: string): ChangeList {
  const noted: NotedChange[] = []
  /** The number of changes that were noted before the first one in the list. */
  let dropped = 0
  let waiting = Promise.withResolvers<void>()

  return {
    cursor: () => `${epoch}.${dropped + noted.length}`,

    since(cursor) {
      const [, of, number] = /^([A-Za-z0-9_-]{1,64})\.(\d{1,15})$/.exec(cursor) ?? []
      const from = Number(number) - dropped
      return of !== epoch || from < 0 || from > noted.length ? [{ kind: 'lost' }] : noted.slice(from)
    },

    add(change) {
      noted.push(change)
      if (noted.length > MOST_CHANGES) dropped += noted.splice(0, MOST_CHANGES / 2).length
      const { resolve } = waiting
      waiting = Promise.withResolvers()
      resolve()
    },

    async next(signal) {
      if (signal.aborted) throw reasonOf(signal)
      const ended = Promise.withResolvers<never>()
      const end = (): void => ended.reject(reasonOf(signal))
      signal.addEventListener('abort', end, { once: true })
      try {
        await Promise.race([waiting.promise, ended.promise])
      } finally {
        signal.removeEventListener('abort', end)
      }
    },
  }
}

function reasonOf(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new LocketError('aborted', 'the caller went away')
}
