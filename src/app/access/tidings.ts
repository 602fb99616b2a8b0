import { LocketError } from '../../core/vocabulary/errors.ts'
import type { SecretRef } from '../../core/vocabulary/ref.ts'
import type { ProviderClient } from '../../providers/define.ts'

/** Hears that values may have changed: those of the references for which `isAbout` is true. */
export type HearChange = (isAbout: (ref: SecretRef) => boolean) => void

/**
 * A caller that hears of changes. Disposing ends that; with the last caller the question to the server ends.
 */
export interface Hearing extends Disposable {
  /** True: the server tells changes at present, so no question by the clock is needed. */
  isLive(): boolean
}

/** The changes that the server of one provider instance tells by itself. All callers share one question. */
export interface Tidings {
  join(hear: HearChange): Hearing
}

/**
 * Makes the tidings of one instance. For a provider that tells nothing, no caller ever hears of a change.
 * `forget` is called before the callers: kept values are from before the change.
 */
export function createTidings(
  open: () => Promise<Pick<ProviderClient, 'follow'>>,
  forget: () => void,
): Tidings {
  const callers = new Set<HearChange>()
  let ending: AbortController | undefined
  let isLive = false

  async function run(signal: AbortSignal): Promise<void> {
    // A client that does not open says so to those who ask it for values.
    const client = await open().catch(() => undefined)
    await client?.follow?.(
      {
        live: (now) => void (isLive = now && !signal.aborted),
        changed(isAbout) {
          forget()
          for (const hear of callers) hear(isAbout)
        },
      },
      signal,
    )
  }

  return {
    join(hear) {
      // A function of its own, so that one caller can join twice.
      const member: HearChange = (isAbout) => hear(isAbout)
      callers.add(member)
      if (ending === undefined) {
        ending = new AbortController()
        void run(ending.signal)
      }
      return {
        isLive: () => isLive,
        [Symbol.dispose]() {
          if (!callers.delete(member) || callers.size > 0) return
          ending?.abort(new LocketError('aborted', 'nobody hears of changes any more'))
          ending = undefined
          isLive = false
        },
      }
    },
  }
}
