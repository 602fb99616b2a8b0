import { isOutOfReach } from '../../core/last-known-good/usable.ts'
import type { Clock } from '../../core/ports/clock.ts'
import { LocketError, toLocketError } from '../../core/vocabulary/errors.ts'
import type { RefId, SecretRef } from '../../core/vocabulary/ref.ts'
import type { Outcome, Outcomes, Resolve } from '../../core/vocabulary/resolve.ts'
import { answerOrDeadline } from '../render/fetch.ts'
import type { KeptValue } from './volume-cache.ts'

/** How long a provider has before the cache answers in its place, in milliseconds. */
const FIRST_TRY_MS = 3000

/** A reference whose value came from the cache. */
export interface UsedValue {
  readonly ref: SecretRef
  /** When the provider gave the value, in milliseconds since the epoch. */
  readonly savedAt: number
  /** Why the provider did not answer. */
  readonly reason: LocketError
}

/** Returns the kept values that may be used, by the id of the reference. The receiver wipes them. */
type KeptValues = (refs: readonly SecretRef[]) => Promise<ReadonlyMap<string, KeptValue>>

/**
 * Asks the provider once. A kept value replaces each failure that says that the provider is out of reach. A
 * provider that has not answered after 3 s is not waited for, if all values are kept. If one of them is not,
 * the caller has to wait for the provider anyway.
 */
export async function askWithStandIn(
  refs: readonly SecretRef[],
  next: Resolve,
  signal: AbortSignal,
  { keptValues, clock }: { readonly keptValues: KeptValues; readonly clock: Clock },
): Promise<{ readonly outcomes: Outcomes; readonly used: readonly UsedValue[] }> {
  const tooLong = new AbortController()
  const answer = answerOrDeadline(refs, next, AbortSignal.any([signal, tooLong.signal])).catch(
    (thrown: unknown) => failedWith(refs, toLocketError(thrown)),
  )
  if (await isSlow(answer, clock)) {
    const values = await keptValues(refs)
    for (const { value } of values.values()) value.wipe()
    if (values.size === refs.length)
      tooLong.abort(new LocketError('timeout', `no answer within ${FIRST_TRY_MS} ms`))
  }
  return await replaceFailures(refs, new Map(await answer), keptValues)
}

/** True when there is no answer within the time of the first try. */
async function isSlow(answer: Promise<Outcomes>, clock: Clock): Promise<boolean> {
  const over = new AbortController()
  const slept = clock.sleep(FIRST_TRY_MS, over.signal).then(
    () => true,
    () => false,
  )
  const isLate = await Promise.race([answer.then(() => false), slept])
  over.abort()
  return isLate
}

async function replaceFailures(
  refs: readonly SecretRef[],
  outcomes: Map<RefId, Outcome>,
  keptValues: KeptValues,
): Promise<{ readonly outcomes: Outcomes; readonly used: readonly UsedValue[] }> {
  const failed = refs.filter((ref) => {
    const outcome = outcomes.get(ref.id)
    return outcome?.ok === false && isOutOfReach(outcome.error)
  })
  if (failed.length === 0) return { outcomes, used: [] }
  const values = await keptValues(failed)
  const used = failed.flatMap((ref) => {
    const [outcome, kept] = [outcomes.get(ref.id), values.get(ref.id)]
    if (kept === undefined || outcome?.ok !== false) return []
    const { value, savedAt } = kept
    outcomes.set(ref.id, { ok: true, secret: { value, staleSince: savedAt } })
    return [{ ref, savedAt, reason: outcome.error }]
  })
  return { outcomes, used }
}

function failedWith(refs: readonly SecretRef[], error: LocketError): Outcomes {
  return new Map(refs.map(({ id }) => [id, { ok: false, error }]))
}
