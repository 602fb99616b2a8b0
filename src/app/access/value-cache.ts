import { LocketError, isLocketError, toLocketError } from '../../core/vocabulary/errors.ts'
import type { Clock } from '../../core/ports/clock.ts'
import type { RefId, SecretRef } from '../../core/vocabulary/ref.ts'
import type { Lease, Outcome, Outcomes, Resolve, Resolved } from '../../core/vocabulary/resolve.ts'
import { isPatient, sharePatience } from '../../core/waiting/patience.ts'
import { unlessAborted } from '../../core/waiting/unless-aborted.ts'

/** How long a cache keeps values. */
interface ValueCacheOptions {
  /** Milliseconds that a value stays usable. 0: only callers at the same time share a value. */
  readonly ttlMs: number
  readonly clock: Clock
  /**
   * False: a value with a lease is only for the caller whose question brought it. The others get
   * `ANOTHERS_LEASE`. Default true.
   */
  readonly sharesLeases?: boolean
  /** Ends a lease whose values nobody has got. */
  readonly dropLease?: (lease: Lease) => void
}

/** The failure of a caller that has to ask for itself: the value has a lease of another caller. */
export const ANOTHERS_LEASE: LocketError = new LocketError(
  'internal',
  'the value has the lease of another caller',
)

/** A cache in front of a provider. Disposing wipes the kept values. */
export interface ValueCache extends Disposable {
  readonly resolve: Resolve
  /** Forgets and wipes the kept values: the next caller asks for them again. */
  expire(): void
}

/** A batch that was requested and has no answer yet. */
interface Flight {
  readonly ids: readonly RefId[]
  /** Those of `ids` whose values are kept. */
  readonly keeps: ReadonlySet<RefId>
  readonly answer: Promise<Outcomes>
  readonly giveUp: AbortController
  callers: number
  /** True: the caller that began it has got its values. */
  isTaken: boolean
}

/**
 * Asks `next` for each distinct secret once: callers at the same time share one request, and a value stays
 * usable for `ttlMs`, because a container that crashes in a loop and the engine's copy-up mount the same
 * volume again at once. Each caller gets a copy, which it must wipe. A kept value is wiped after `ttlMs`,
 * when it expires, and on dispose. A fleeting value is not kept. A caller that is not patient does not join a
 * patient request: it would wait for the whole batch.
 */
export function withValueCache(next: Resolve, options: ValueCacheOptions): ValueCache {
  const { ttlMs, clock, sharesLeases = true, dropLease = () => undefined } = options
  const kept = new Map<RefId, Resolved & { readonly askedAt: number }>()
  const flying = new Map<RefId, Flight>()
  const disposed = new AbortController()

  async function resolve(refs: readonly SecretRef[], signal: AbortSignal): Promise<Outcomes> {
    // The caller has given up: the provider reports that, without a request.
    if (signal.aborted) return next(refs, signal)
    const outcomes = new Map<RefId, Outcome>()
    const joined = new Map<Flight, RefId[]>()
    const fresh: SecretRef[] = []
    for (const ref of refs) {
      const known = kept.get(ref.id)
      const flight = joinable(flying.get(ref.id), signal)
      if (known !== undefined) outcomes.set(ref.id, copyOf({ ok: true, secret: known }))
      else if (flight === undefined) fresh.push(ref)
      else joined.set(flight, [...(joined.get(flight) ?? []), ref.id])
    }
    const own = fresh.length === 0 ? undefined : begin(fresh, signal)
    if (own !== undefined) joined.set(own, [...own.ids])
    for (const flight of joined.keys()) flight.callers += 1
    await Promise.all(
      [...joined].map(async ([flight, wanted]) => {
        for (const [id, outcome] of await take(flight, { wanted, isOwner: flight === own }, signal))
          outcomes.set(id, outcome)
      }),
    )
    return outcomes
  }

  function begin(refs: readonly SecretRef[], signal: AbortSignal): Flight {
    const giveUp = new AbortController()
    sharePatience(signal, giveUp.signal, true)
    const answer = next(refs, giveUp.signal)
    const ids = refs.map((ref) => ref.id)
    const keeps = new Set(refs.filter(beganHere).map((ref) => ref.id))
    const flight: Flight = { ids, keeps, answer, giveUp, callers: 0, isTaken: false }
    for (const id of flight.ids) flying.set(id, flight)
    void land(flight)
    return flight
  }

  async function land(flight: Flight): Promise<void> {
    try {
      keep(await flight.answer, flight.keeps)
    } catch {
      // `take` reports it to each caller.
    } finally {
      forget(flight)
    }
  }

  /**
   * Returns copies of the values that the flight fetches, for one caller. When the last caller gives up, the
   * flight is aborted, and that caller gets the error of the abort.
   */
  async function take(
    flight: Flight,
    { wanted, isOwner }: { readonly wanted: readonly RefId[]; readonly isOwner: boolean },
    signal: AbortSignal,
  ): Promise<readonly (readonly [RefId, Outcome])[]> {
    let isHere = true
    const leave = () => {
      if (isHere) flight.callers -= 1
      isHere = false
      return flight.callers
    }
    try {
      const answered = await unlessAborted(() => flight.answer, signal).catch((thrown: unknown) => {
        if (!signal.aborted || leave() > 0) throw thrown
        forget(flight)
        flight.giveUp.abort(signal.reason)
        return flight.answer
      })
      if (isOwner) flight.isTaken = true
      return wanted.map((id) => [id, copyOf(unlessForeign(answered.get(id), isOwner))])
    } catch (thrown) {
      const error = signal.aborted ? givenUp(signal.reason) : toLocketError(thrown)
      return wanted.map((id) => [id, { ok: false, error }])
    } finally {
      if (leave() === 0)
        flight.answer.then(
          (outcomes) => end(flight, outcomes),
          () => undefined,
        )
    }
  }

  function unlessForeign(outcome: Outcome | undefined, isOwner: boolean): Outcome | undefined {
    return sharesLeases || isOwner || outcome?.ok !== true || outcome.secret.lease === undefined
      ? outcome
      : { ok: false, error: ANOTHERS_LEASE }
  }

  function end(flight: Flight, outcomes: Outcomes): void {
    wipeUnkept(outcomes)
    if (!sharesLeases && !flight.isTaken) leasesOf(outcomes.values()).forEach(dropLease)
  }

  function forget(flight: Flight): void {
    for (const id of flight.ids) if (flying.get(id) === flight) flying.delete(id)
  }

  function keep(outcomes: Outcomes, keeps: Flight['keeps']): void {
    if (ttlMs === 0 || disposed.signal.aborted) return
    for (const [id, outcome] of outcomes) {
      if (!outcome.ok || outcome.secret.isFleeting === true || !keeps.has(id)) continue
      const { secret } = outcome
      if (!sharesLeases && secret.lease !== undefined) continue
      const { expiresAt = Number.POSITIVE_INFINITY } = secret
      const usableMs = Math.min(ttlMs, expiresAt - clock.now())
      if (usableMs <= 0) continue
      const entry = { ...secret, askedAt: clock.now() }
      kept.set(id, entry)
      const drop = () => {
        if (kept.get(id) === entry) kept.delete(id)
        secret.value.wipe()
      }
      clock.sleep(usableMs, disposed.signal).then(drop, drop)
    }
  }

  function wipeUnkept(outcomes: Outcomes): void {
    for (const [id, outcome] of outcomes)
      if (outcome.ok && kept.get(id)?.value !== outcome.secret.value) outcome.secret.value.wipe()
  }

  return {
    resolve,
    expire() {
      for (const { value } of kept.values()) value.wipe()
      kept.clear()
    },
    [Symbol.dispose]: () => disposed.abort(new LocketError('internal', 'the provider is closed')),
  }
}

/** Returns the leases of the values, each once. */
export function leasesOf(outcomes: Iterable<Outcome>): readonly Lease[] {
  const leases = [...outcomes].flatMap((outcome) => (outcome.ok ? (outcome.secret.lease ?? []) : []))
  return [...new Map(leases.map((lease) => [lease.id, lease])).values()]
}

/**
 * True unless another broker has sent the question on. Such a broker keeps the answer itself. The machine
 * that asks writes the names on the way, so one secret could be kept under any number of ids.
 */
function beganHere({ via = [] }: SecretRef): boolean {
  return via.length <= 1
}

function joinable(flight: Flight | undefined, caller: AbortSignal): Flight | undefined {
  return flight !== undefined && isPatient(flight.giveUp.signal) && !isPatient(caller) ? undefined : flight
}

function copyOf(outcome: Outcome | undefined): Outcome {
  if (outcome === undefined)
    return { ok: false, error: new LocketError('internal', 'the provider gave no answer for a reference') }
  return outcome.ok
    ? { ok: true, secret: { ...outcome.secret, value: outcome.secret.value.copy() } }
    : outcome
}

function givenUp(reason: unknown): LocketError {
  return isLocketError(reason) ? reason : new LocketError('aborted', 'the caller went away before the answer')
}
