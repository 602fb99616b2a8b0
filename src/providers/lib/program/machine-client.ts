import { isLocketError, toLocketError, type LocketError } from '../../../core/vocabulary/errors.ts'
import type { SecretRef } from '../../../core/vocabulary/ref.ts'
import { uniqueRefs, type Outcome, type Resolved } from '../../../core/vocabulary/resolve.ts'
import { unlessAborted } from '../../../core/waiting/unless-aborted.ts'
import type { ProviderClient } from '../../define.ts'
import { abortError } from '../http/http-errors.ts'
import { providerError } from '../provider-error.ts'

/** The protocol of a kind that asks files and programs of this machine: `B` is what a batch shares. */
interface MachineProtocol<B> {
  /** The name of the provider instance, for messages. */
  readonly instance: string
  /** Makes the data of a batch. A failure is the outcome of every reference. */
  readonly begin: (signal: AbortSignal) => Promise<B>
  readonly fetchOne: (ref: SecretRef, batch: B) => Promise<Resolved>
  /** Wipes the data of a batch. */
  readonly end?: (batch: B) => void
  readonly probe?: (batch: B) => Promise<void>
}

/** Makes a client that fetches values one by one, each as an outcome of its own. */
export function createMachineClient<B>({
  instance,
  begin,
  fetchOne,
  end,
  probe,
}: MachineProtocol<B>): ProviderClient {
  let isClosed = false

  async function withBatch<R>(signal: AbortSignal, work: (batch: B) => Promise<R>): Promise<R> {
    if (isClosed) throw providerError('internal', `${instance} is closed`)
    const batch = await unlessAborted(
      () => begin(signal),
      signal,
      () => abortError(instance, signal.reason),
    )
    try {
      return await work(batch)
    } finally {
      end?.(batch)
    }
  }

  function failureOf(thrown: unknown, signal: AbortSignal): LocketError {
    return signal.aborted && !isLocketError(thrown)
      ? abortError(instance, signal.reason)
      : toLocketError(thrown)
  }

  return {
    async fetch(refs, signal) {
      const wanted = uniqueRefs(refs)
      if (wanted.length === 0) return new Map()
      const settle = async (ref: SecretRef, batch: B): Promise<Outcome> => {
        try {
          return { ok: true, secret: await fetchOne(ref, batch) }
        } catch (thrown) {
          return { ok: false, error: failureOf(thrown, signal) }
        }
      }
      try {
        const outcomes = await withBatch(signal, (batch) =>
          Promise.all(wanted.map((ref) => settle(ref, batch))),
        )
        return new Map(wanted.flatMap(({ id }, index) => (outcomes[index] ? [[id, outcomes[index]]] : [])))
      } catch (thrown) {
        const error = failureOf(thrown, signal)
        return new Map(wanted.map(({ id }) => [id, { ok: false, error }]))
      }
    },
    async probe(signal) {
      await withBatch(signal, async (batch) => probe?.(batch))
    },
    status: () => undefined,
    async [Symbol.asyncDispose]() {
      isClosed = true
    },
  }
}
