import type { RefId } from '../../core/vocabulary/ref.ts'
import type { Lease, Resolved } from '../../core/vocabulary/resolve.ts'
import type { Secret } from '../../core/vocabulary/secret.ts'
import { giveOrTake } from '../../core/waiting/back-off.ts'
import type { ProviderInstance } from '../../providers/define.ts'

/** A lease and its values, which are in place in files or in the environment of a program. */
export interface Held {
  readonly instance: ProviderInstance
  /** See `ProviderDef.leaseGroup`. */
  readonly group: string
  lease: Lease
  /** Milliseconds for which it was issued. */
  readonly issuedMs: number
  /** When it is to be renewed, in milliseconds since the epoch. */
  dueAt: number
  /** True: it cannot be renewed any more. The next rendering asks for a new one. */
  isOver: boolean
  /** The values by the id of their reference. They are wiped with the lease. */
  readonly values: ReadonlyMap<RefId, Secret>
}

/** The part of the time of a lease after which it is renewed, give or take a tenth. */
const SHARE = 2 / 3
/** A lease that has less than this part of its first time after a renewal is issued anew. */
const LEAST = 1 / 3

/** Holds the values of a lease that was issued now. `now`: milliseconds since the epoch. */
export function holdLease(
  { instance, group }: Pick<Held, 'instance' | 'group'>,
  lease: Lease,
  members: readonly (readonly [RefId, Resolved])[],
  now: number,
): Held {
  return {
    instance,
    group,
    lease,
    isOver: false,
    issuedMs: lease.expiresAt - now,
    dueAt: dueAt(lease, now),
    values: new Map(members.map(([id, { value }]) => [id, value.copy()])),
  }
}

/** Notes the answer to a renewal. Undefined: the lease is gone. */
export function noteRenewal(held: Held, renewed: Lease | undefined, now: number): void {
  if (renewed === undefined) {
    held.isOver = true
    return
  }
  held.lease = renewed
  held.dueAt = dueAt(renewed, now)
  held.isOver = renewed.expiresAt - now < held.issuedMs * LEAST
}

/** Returns a copy of a held value, as the provider gave it. Undefined: it is not of this lease. */
export function heldValue({ lease, values }: Held, id: RefId): Resolved | undefined {
  const value = values.get(id)
  return value && { value: value.copy(), lease, expiresAt: lease.expiresAt }
}

/** Overwrites the values. */
export function wipeHeld({ values }: Held): void {
  for (const value of values.values()) value.wipe()
}

/** Returns the path of a lease without its own name: `database/creds/app`. It is for log lines. */
export function shownLease(id: string): string {
  return id.replace(/\/[^/]*$/, '').slice(0, 200)
}

function dueAt({ expiresAt }: Lease, now: number): number {
  return now + giveOrTake(Math.max(0, Math.floor((expiresAt - now) * SHARE)))
}
