import type { AuditedValue } from '../../core/audit/facts.ts'
import type { SecretRef } from '../../core/vocabulary/ref.ts'
import type { Outcome } from '../../core/vocabulary/resolve.ts'
import type { Secret } from '../../core/vocabulary/secret.ts'
import { createPace } from '../../core/waiting/turns.ts'
import type { Clock } from '../../core/ports/clock.ts'
import type { Around } from '../access/clients.ts'

/** Returns the keyed fingerprint of a value, or undefined when there is no key. */
type Fingerprint = (reference: string, value: Secret) => Promise<string | undefined>

/** The values that one access asked for. */
export interface AccessNotes {
  readonly around: Around
  /** Returns the values of each provider instance that was asked, with the last outcome of each. */
  byProvider(): readonly (readonly [provider: string, values: readonly AuditedValue[]])[]
}

/** Makes notes without a value. */
export function createAccessNotes(fingerprint: Fingerprint, clock: Clock): AccessNotes {
  const noted = new Map<string, Map<string, AuditedValue>>()

  async function valueOf(ref: SecretRef, outcome: Outcome | undefined): Promise<AuditedValue> {
    const reference = ref.text
    if (outcome?.ok !== true) return { reference, outcome: outcome?.error.code ?? 'internal' }
    const { value, staleSince } = outcome.secret
    const print = await fingerprint(ref.id, value)
    return {
      reference,
      outcome: staleSince === undefined ? 'ok' : 'cache',
      ...(print === undefined ? {} : { fingerprint: print }),
      ...(staleSince === undefined ? {} : { since: new Date(staleSince).toISOString() }),
    }
  }

  return {
    around: (instance, next) => async (refs, signal) => {
      const outcomes = await next(refs, signal)
      const values = noted.get(instance.name) ?? new Map<string, AuditedValue>()
      noted.set(instance.name, values)
      const pace = createPace(clock)
      for (const ref of refs) {
        values.set(ref.id, await valueOf(ref, outcomes.get(ref.id)))
        await pace()
      }
      return outcomes
    },
    byProvider: () => Array.from(noted, ([provider, values]) => [provider, [...values.values()]] as const),
  }
}

/** Notes that note nothing. */
export const NO_NOTES: AccessNotes = { around: (_, next) => next, byProvider: () => [] }
