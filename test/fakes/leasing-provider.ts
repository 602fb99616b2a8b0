import { createRef, type SecretRef } from '../../src/core/vocabulary/ref.ts'
import type { Clock } from '../../src/core/ports/clock.ts'
import { LocketError } from '../../src/core/vocabulary/errors.ts'
import type { Lease, Outcome } from '../../src/core/vocabulary/resolve.ts'
import { Secret } from '../../src/core/vocabulary/secret.ts'
import type { ProviderClient, ProviderDef, ProviderInstance } from '../../src/providers/define.ts'

interface IssuedLease {
  readonly id: string
  readonly maxAt: number
  expiresAt: number
  isRevoked: boolean
  renewals: number
}

export interface LeasingProvider {
  readonly instance: ProviderInstance
  readonly issued: readonly IssuedLease[]
  /** The ids of the leases that have not ended. */
  live(): string[]
  /** From now on every call fails with this error; `undefined` ends it. */
  fail(error: LocketError | undefined): void
  /** From now on revocations are not answered; `false` ends it for later calls. */
  hangRevocations(isHanging: boolean): void
}

/** A ref `lease://ROLE/FIELD`. */
export function leaseRef(key: string): SecretRef {
  return createRef('leasing', key, `lease://${key}`)
}

/** A secret manager that issues `FIELD-N` for each read of a role, with the lease `ROLE/N`. */
export function createLeasingProvider(
  clock: Clock,
  {
    ttlMs,
    maxMs,
    isRenewable = true,
  }: { readonly ttlMs: number; readonly maxMs: number; readonly isRenewable?: boolean },
): LeasingProvider {
  const issued: IssuedLease[] = []
  let failure: LocketError | undefined
  let isHanging = false

  const isLive = (one: IssuedLease): boolean => !one.isRevoked && one.expiresAt > clock.now()
  const leaseOf = ({ id, expiresAt }: IssuedLease): Lease => ({ id, isRenewable, expiresAt })
  const groupOf = ({ key }: SecretRef): string => key.split('/')[0] ?? ''

  function issue(role: string): IssuedLease {
    const now = clock.now()
    const id = `${role}/${issued.length + 1}`
    const lease = { id, maxAt: now + maxMs, expiresAt: now + ttlMs, isRevoked: false, renewals: 0 }
    issued.push(lease)
    return lease
  }

  const client: ProviderClient = {
    async fetch(refs) {
      const outcomes = new Map<SecretRef['id'], Outcome>()
      for (const [role, members] of Map.groupBy(refs, groupOf)) {
        const lease = failure === undefined ? issue(role) : undefined
        for (const { id, key } of members) {
          const text = `${key.split('/')[1]}-${lease?.id.split('/')[1]}`
          outcomes.set(
            id,
            lease === undefined
              ? { ok: false, error: failure ?? new LocketError('internal', 'no failure') }
              : {
                  ok: true,
                  secret: { value: Secret.fromText(text), lease: leaseOf(lease), expiresAt: lease.expiresAt },
                },
          )
        }
      }
      return outcomes
    },
    leases: {
      async renew({ id }) {
        if (failure !== undefined) throw failure
        const lease = issued.find((one) => one.id === id)
        if (lease === undefined || !isLive(lease)) return undefined
        lease.expiresAt = Math.min(clock.now() + ttlMs, lease.maxAt)
        lease.renewals += 1
        return leaseOf(lease)
      },
      async revoke(id, signal) {
        if (isHanging)
          await new Promise((_, no) => signal.addEventListener('abort', () => no(signal.reason as Error)))
        if (failure !== undefined) throw failure
        for (const lease of issued) if (lease.id === id) lease.isRevoked = true
      },
    },
    probe: async () => undefined,
    status: () => undefined,
    [Symbol.asyncDispose]: async () => undefined,
  }
  const def: ProviderDef = {
    kind: 'leasing',
    title: 'leasing',
    schemes: ['lease'],
    autoRefresh: { everyMs: 60_000 },
    example: 'lease://role/field',
    settings: { name: 'leasing', title: 'leasing', fields: {} },
    parse: (text) => leaseRef(text.slice('lease://'.length)),
    leaseGroup: groupOf,
    check: () => [],
    open: async () => client,
  }
  return {
    instance: { name: 'leasing', def, settings: {}, key: 'leasing' },
    issued,
    live: () => issued.filter(isLive).map(({ id }) => id),
    fail: (error) => void (failure = error),
    hangRevocations: (hanging) => void (isHanging = hanging),
  }
}
