import type { RefId, SecretRef } from '../../core/vocabulary/ref.ts'
import type { Lease, Outcome, Resolve } from '../../core/vocabulary/resolve.ts'
import { ANOTHERS_LEASE, leasesOf } from './value-cache.ts'

interface OwnLeases {
  /** Asks the provider, and shares nothing. */
  readonly next: Resolve
  /** Asks the value cache. */
  readonly shared: Resolve
  /** See `ProviderDef.leaseGroup`. */
  readonly groupOf: (ref: SecretRef) => string
  /** Ends a lease that is not needed. */
  readonly dropLease: (lease: Lease) => void
}

/** Groups that are known to come with a lease. */
const MOST_KNOWN = 10_000

/**
 * Gives each caller leases of its own, and one lease for all references of a group. A group that is known to
 * come with a lease is asked for without the value cache. The first callers of a group may have shared it:
 * then they ask once more.
 */
export function withOwnLeases({ next, shared, groupOf, dropLease }: OwnLeases): Resolve {
  const leased = new Set<string>()

  function learn(group: string): void {
    if (leased.size >= MOST_KNOWN) leased.clear()
    leased.add(group)
  }

  /** Returns the references that are to be asked for once more, as one batch. */
  function divided(refs: readonly SecretRef[], outcomes: Map<RefId, Outcome>): SecretRef[] {
    const again: SecretRef[] = []
    for (const [group, members] of Map.groupBy(refs, groupOf)) {
      const answers = members.map(({ id }) => outcomes.get(id)).filter((one) => one !== undefined)
      const own = leasesOf(answers)
      const isForeign = answers.some((one) => !one.ok && one.error === ANOTHERS_LEASE)
      if (own.length > 0 || isForeign) learn(group)
      if (own.length < 2 && !isForeign) continue
      for (const answer of answers) if (answer.ok) answer.secret.value.wipe()
      own.forEach(dropLease)
      again.push(...members)
    }
    return again
  }

  return async (refs, signal) => {
    const alone = refs.filter((ref) => leased.has(groupOf(ref)))
    const others = refs.filter((ref) => !leased.has(groupOf(ref)))
    const outcomes = new Map<RefId, Outcome>()
    const ask = async (resolve: Resolve, some: readonly SecretRef[]): Promise<void> => {
      if (some.length === 0) return
      for (const [id, outcome] of await resolve(some, signal)) outcomes.set(id, outcome)
    }
    await Promise.all([ask(next, alone), ask(shared, others)])
    await ask(next, divided(refs, outcomes))
    return outcomes
  }
}
