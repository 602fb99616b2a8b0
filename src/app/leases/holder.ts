import type { Clock } from '../../core/ports/clock.ts'
import type { Emit } from '../../core/ports/events.ts'
import { formatError, isRetryable, toLocketError } from '../../core/vocabulary/errors.ts'
import type { Caller } from '../../core/vocabulary/caller.ts'
import type { RefId, SecretRef } from '../../core/vocabulary/ref.ts'
import type { Outcome, Outcomes, Resolve } from '../../core/vocabulary/resolve.ts'
import type { ProviderInstance } from '../../providers/define.ts'
import type { Around, Clients } from '../access/clients.ts'
import { leasesOf } from '../access/value-cache.ts'
import { heldValue, holdLease, noteRenewal, shownLease, wipeHeld, type Held } from './held.ts'

/** A lease that has to be revoked. */
export type OwedLease = Pick<Held, 'instance'> & { readonly id: string }

/** The leases of one rendering. Call `delivered` or `dropped` once, at its end. */
export interface LeaseSession {
  /** Answers with the values of leases that are held, and holds those that the provider issues. */
  readonly around: Around
  /**
   * The values are in place. `isWhole`: they are all values of the holder, so that leases without a value
   * among them are not renewed any more.
   */
  delivered(isWhole: boolean): void
  /**
   * The values were not used: leases that were issued for them are revoked. After `delivered` it does
   * nothing.
   */
  dropped(): void
  /** True: the holder was released meanwhile, and the values must not be used. */
  isReleased(): boolean
}

/** The leases of one volume or command. */
export interface LeaseHolder {
  open(): LeaseSession
  /** True: at least one lease is held. */
  isHolding(): boolean
  /** Returns when the next lease is to be renewed, in milliseconds since the epoch; undefined: none is. */
  nextDueAt(): number | undefined
  /**
   * Renews the leases that are due, or all. Resolves with true when the values of a lease have to be issued
   * anew. Rejects when the provider cannot be asked; then it is to be called again.
   */
  renewDue(signal: AbortSignal, isForced?: boolean): Promise<boolean>
  /** Calls `listener` when leases have been delivered. Disposing ends that. */
  onDelivered(listener: () => void): Disposable
  /** Forgets all leases and wipes their values, and returns what has to be revoked. */
  release(): readonly OwedLease[]
}

/** The machine, as a holder sees it. */
interface HolderPorts {
  readonly clients: Pick<Clients, 'leasesOf'>
  readonly clock: Clock
  readonly emit: Emit
  /** Is called when the leases have changed. It resolves when that is recorded, and never rejects. */
  readonly record: () => Promise<void>
  /** Revokes leases in the background. */
  readonly revoke: (owed: readonly OwedLease[]) => void
  /** Is called when a rendering was given up, and the holder has no leases, renderings and listeners. */
  readonly idle: () => void
}

/** The leases of one holder, which its table records. */
export interface OpenedHolder extends LeaseHolder {
  /** Returns the ids of all leases that are not revoked, with the names of their instances. */
  owed(): readonly OwedLease[]
}

/** Makes the leases of one caller: none at first. */
export function createHolder(
  caller: Caller,
  { clients, clock, emit, record, revoke, idle }: HolderPorts,
): OpenedHolder {
  const held = new Map<string, Held>()
  /** Leases whose values were replaced. Programs may use them until they end, or until the release. */
  const replaced = new Set<Held>()
  const sessions = new Set<Set<Held>>()
  const listeners = new Set<() => void>()
  const { name: holder } = caller
  let isReleased = false

  const keyOf = (instance: ProviderInstance, group: string): string => `${instance.name} ${group}`
  const owedBy = ({ instance, lease }: Held): OwedLease => ({ instance, id: lease.id })
  const factsOf = ({ instance, lease }: Held) => ({
    holder,
    provider: instance.name,
    lease: shownLease(lease.id),
  })

  function revokeAll(leases: Iterable<Held>): void {
    const all = [...leases]
    all.forEach(wipeHeld)
    if (all.length > 0) revoke(all.map(owedBy))
  }

  /** Keeps a lease until it ends, only to be revoked. */
  function retire(one: Held): void {
    wipeHeld(one)
    replaced.add(one)
    for (const old of replaced) if (old.lease.expiresAt <= clock.now()) replaced.delete(old)
  }

  /** Returns the lease that has a value for each of the references. */
  function usable(instance: ProviderInstance, group: string, refs: readonly SecretRef[]): Held | undefined {
    const found = held.get(keyOf(instance, group))
    const isFit = found?.isOver === false && refs.every(({ id }) => found.values.has(id))
    return isFit && found.lease.expiresAt > clock.now() ? found : undefined
  }

  function open(): LeaseSession {
    const fresh = new Map<string, Held>()
    const used = new Set<string>()
    const issued = new Set<Held>()
    let isOver = false
    sessions.add(issued)

    function hold(instance: ProviderInstance, refs: readonly SecretRef[], outcomes: Outcomes): void {
      const groupOf = instance.def.leaseGroup ?? (({ key }: SecretRef) => key)
      for (const [group, members] of Map.groupBy(refs, groupOf)) {
        const answers = members.flatMap(({ id }) => {
          const outcome = outcomes.get(id)
          return outcome?.ok === true ? [[id, outcome.secret] as const] : []
        })
        const [lease] = leasesOf(answers.map(([, secret]): Outcome => ({ ok: true, secret })))
        if (lease === undefined) continue
        const own = answers.filter(([, secret]) => secret.lease?.id === lease.id)
        const one = holdLease({ instance, group }, lease, own, clock.now())
        const key = keyOf(instance, group)
        issued.add(one)
        used.add(key)
        fresh.set(key, one)
      }
    }

    async function ask(
      instance: ProviderInstance,
      next: Resolve,
      refs: readonly SecretRef[],
      signal: AbortSignal,
    ): Promise<Outcomes> {
      const { leaseGroup = ({ key }: SecretRef) => key } = instance.def
      const outcomes = new Map<RefId, Outcome>()
      const unheld: SecretRef[] = []
      for (const [group, members] of Map.groupBy(refs, leaseGroup)) {
        const found = usable(instance, group, members)
        if (found === undefined) unheld.push(...members)
        else used.add(keyOf(instance, group))
        for (const { id } of found === undefined ? [] : members) {
          const secret = heldValue(found as Held, id)
          if (secret !== undefined) outcomes.set(id, { ok: true, secret })
        }
      }
      if (unheld.length === 0) return outcomes
      const answered = await next(unheld, signal)
      for (const [id, outcome] of answered) outcomes.set(id, outcome)
      hold(instance, unheld, answered)
      if (issued.size > 0) await record()
      // Nobody waits for the answer any more.
      if (isOver) dropped()
      return outcomes
    }

    function dropped(): void {
      isOver = true
      sessions.delete(issued)
      revokeAll(issued)
      issued.clear()
      if (held.size + replaced.size + sessions.size + listeners.size === 0) idle()
    }

    return {
      around: (instance, next) =>
        instance.def.leaseGroup === undefined ? next : (refs, signal) => ask(instance, next, refs, signal),
      delivered(isWhole) {
        if (isOver) return
        if (isReleased) return dropped()
        isOver = true
        sessions.delete(issued)
        const current = new Set(fresh.values())
        for (const one of issued) if (!current.has(one)) retire(one)
        for (const [key, before] of held)
          if (fresh.has(key) || (isWhole && !used.has(key))) {
            held.delete(key)
            retire(before)
          }
        for (const [key, one] of fresh) held.set(key, one)
        issued.clear()
        for (const listener of listeners) listener()
      },
      dropped: () => void (isOver || dropped()),
      isReleased: () => isReleased,
    }
  }

  async function renew(one: Held, signal: AbortSignal): Promise<void> {
    const { instance, lease } = one
    if (!lease.isRenewable) {
      one.isOver = true
      return
    }
    try {
      noteRenewal(one, await clients.leasesOf(caller, instance).renew(lease, signal), clock.now())
      const seconds = Math.round((one.lease.expiresAt - clock.now()) / 1000)
      if (!one.isOver) emit('lease.renewed', { ...factsOf(one), seconds })
    } catch (thrown) {
      // A caller that goes away, or an unmount, says nothing about the lease.
      if (signal.aborted || isReleased) throw thrown
      const error = toLocketError(thrown)
      one.isOver = !isRetryable(error) || clock.now() >= one.lease.expiresAt
      if (!one.isOver) throw error
      emit('lease.renewal.failed', { ...factsOf(one), code: error.code, error: formatError(error) })
    }
  }

  return {
    open,
    isHolding: () => held.size > 0,
    nextDueAt() {
      const times = [...held.values()].map(({ dueAt }) => dueAt)
      return times.length === 0 ? undefined : Math.min(...times)
    },
    async renewDue(signal, isForced = false) {
      const due = [...held.values()].filter(
        ({ dueAt, isOver }) => !isOver && (dueAt <= clock.now() || isForced),
      )
      const done = await Promise.allSettled(due.map((one) => renew(one, signal)))
      for (const one of due) if (one.isOver && !isReleased) emit('lease.over', factsOf(one))
      const failed = done.find((result) => result.status === 'rejected')
      if (failed !== undefined) throw failed.reason
      return [...held.values()].some(({ isOver }) => isOver)
    },
    onDelivered(listener) {
      listeners.add(listener)
      return { [Symbol.dispose]: () => void listeners.delete(listener) }
    },
    owed: () =>
      [...held.values(), ...replaced, ...[...sessions].flatMap((issued) => [...issued])].map(owedBy),
    release() {
      isReleased = true
      const all = [...held.values(), ...replaced]
      all.forEach(wipeHeld)
      held.clear()
      replaced.clear()
      return all.map(owedBy)
    },
  }
}
