import type { Lease } from '../../core/vocabulary/resolve.ts'
import type { Clock } from '../../core/ports/clock.ts'
import type { LocketError } from '../../core/vocabulary/errors.ts'
import type { Refusal } from '../lib/http/http.ts'
import { lateSchema } from '../lib/answers/late-schema.ts'
import { providerError } from '../lib/provider-error.ts'
import type { Calls } from './calls.ts'
import type { TokenUse } from './token.ts'

/**
 * The lease of an answer. A KV engine of version 1 sends a refresh interval as `lease_duration`, and its
 * `lease_id` is empty: that is not a lease.
 */
const LeaseAnswer = lateSchema((z) =>
  z.object({
    lease_id: z.string().min(1).max(1024),
    lease_duration: z.number().nonnegative(),
    renewable: z.boolean().nullish(),
  }),
)

/** The leases of one instance. */
export interface BaoLeases {
  /** Returns the lease of an answer that came with this token; undefined: it has none. */
  leaseOf(answer: unknown, use: TokenUse): Lease | undefined
  /** Notes that a value of the lease is handed out. */
  used(lease: Lease): void
  /** Revokes the lease if no value of it is handed out in this turn. Never rejects. */
  dropUnused(lease: Lease, use: TokenUse): Promise<void>
  /** See `LeaseCalls.renew`. */
  renew(lease: Lease, use: TokenUse, signal: AbortSignal): Promise<Lease | undefined>
  /** See `LeaseCalls.revoke`. */
  revoke(id: string, use: TokenUse, signal: AbortSignal): Promise<void>
}

/** A lease of 0 seconds has no end of its own. */
const ENDLESS_MS = 3650 * 86_400_000
/** Leases whose tokens are known. */
const MOST_KNOWN = 10_000
const DROP_MS = 10_000

/**
 * Makes the leases of one server. The server revokes all leases of a token when the token ends, so the end of
 * a lease is never later than that of the token that it was issued with.
 */
export function createBaoLeases(calls: Calls, clock: Clock): BaoLeases {
  const { who } = calls
  /** The tokens that leases were issued with, by the id of the lease. */
  const issuedWith = new Map<string, TokenUse>()
  const unused = new Set<string>()

  function read(answer: unknown, endsAt: number): Lease | undefined {
    const { success, data } = LeaseAnswer.safeParse(answer)
    if (!success) return undefined
    const { lease_id: id, lease_duration: seconds, renewable } = data
    const ownMs = seconds === 0 ? ENDLESS_MS : seconds * 1000
    return { id, isRenewable: renewable === true, expiresAt: Math.min(clock.now() + ownMs, endsAt) }
  }

  function refused({ status }: Refusal, does: string, path: string): LocketError | undefined {
    return status === 403
      ? providerError('denied', `${who} does not let this token ${does} a lease (status 403)`, {
          hint: `its policy needs the capability update on ${path}`,
        })
      : undefined
  }

  async function revoke(id: string, use: TokenUse, signal: AbortSignal): Promise<void> {
    await calls.post({
      path: ['sys', 'leases', 'revoke'],
      body: { lease_id: id },
      token: use.token,
      signal,
      explain: (refusal) => refused(refusal, 'revoke', 'sys/leases/revoke'),
    })
    issuedWith.delete(id)
  }

  return {
    leaseOf(answer, use) {
      const lease = read(answer, use.endsAt)
      if (lease === undefined) return undefined
      if (issuedWith.size >= MOST_KNOWN) issuedWith.clear()
      issuedWith.set(lease.id, use)
      unused.add(lease.id)
      return lease
    },

    used: ({ id }) => void unused.delete(id),

    async dropUnused({ id }, use) {
      await new Promise((done) => setImmediate(done))
      if (unused.delete(id)) await revoke(id, use, AbortSignal.timeout(DROP_MS)).catch(() => undefined)
    },

    async renew(lease, use, signal) {
      let isGone = false
      const answer = await calls
        .post({
          path: ['sys', 'leases', 'renew'],
          body: { lease_id: lease.id },
          token: use.token,
          signal,
          explain(refusal) {
            isGone = refusal.status === 400 || refusal.status === 404
            return refused(refusal, 'renew', 'sys/leases/renew')
          },
        })
        .catch((thrown: unknown) => {
          if (!isGone) throw thrown
          return undefined
        })
      if (isGone) {
        issuedWith.delete(lease.id)
        return undefined
      }
      // A lease of an earlier process: its token is not known.
      const renewed = read(answer, issuedWith.get(lease.id)?.endsAt ?? lease.expiresAt)
      if (renewed !== undefined) return { ...renewed, id: lease.id }
      throw providerError('provider_protocol', `${who} does not say until when it has renewed a lease`)
    },

    revoke,
  }
}
