import { toLocketError } from '../../core/vocabulary/errors.ts'
import type { LocketError } from '../../core/vocabulary/errors.ts'
import type { Outcome, Resolved } from '../../core/vocabulary/resolve.ts'
import { sharePatience } from '../../core/waiting/patience.ts'
import { unlessAborted } from '../../core/waiting/unless-aborted.ts'
import { abortError, throwIfAborted } from '../lib/http/http-errors.ts'
import { noBwsSecret } from './answers.ts'
import type { BwsClient, BwsIdentity, BwsQuery } from './client.ts'

/** The largest number of ids in one request. */
const MOST_IDS = 250
const MOST_SUSPECTS = 1000

/** Joins the reads of several callers into one request. */
export interface Gather {
  /**
   * Resolves with a copy that the caller owns. Rejects when the signal aborts; that does not affect other
   * callers.
   */
  read(wanted: BwsQuery, signal: AbortSignal): Promise<Resolved>
}

/** A caller that waits for one value. */
interface Rider {
  readonly wanted: BwsQuery
  readonly answer: PromiseWithResolvers<Resolved>
  readonly signal: AbortSignal
  trip: Trip | undefined
}

/** The callers that wait for the same request. */
interface Trip {
  /** The riders by the `key` of the value that they want. */
  readonly riders: Map<string, Rider[]>
  readonly giveUp: AbortController
}

/**
 * Makes a gather. Reads that arrive while a request waits for a login, a slot or the rate go with that
 * request: at a rate of five in a second, a hundred volumes that mount at once need a handful of requests. A
 * request is patient as long as all of its callers are.
 * `who` is the server, for messages.
 */
export function createGather(client: Pick<BwsClient, 'use'>, who: string): Gather {
  /** The ids that made an earlier request fail. Each of them is asked for alone. */
  const suspects = new Set<string>()
  let boarding: Trip | undefined

  function board(riders: readonly Rider[]): void {
    const trip = boarding ?? { riders: new Map<string, Rider[]>(), giveUp: new AbortController() }
    for (const rider of riders) {
      sharePatience(rider.signal, trip.giveUp.signal, trip.riders.size === 0)
      rider.trip = trip
      trip.riders.set(rider.wanted.key, [...(trip.riders.get(rider.wanted.key) ?? []), rider])
    }
    if (trip === boarding) return
    boarding = trip
    void travel(trip)
  }

  async function travel(trip: Trip): Promise<void> {
    const { signal } = trip.giveUp
    try {
      await client.use(signal, async (login) => {
        let parts: BwsQuery[][] = []
        const first = () => (parts = depart(trip))[0] ?? []
        const error = await readSome(login, trip, first)
        const [main = [], ...others] = parts
        if (error !== undefined) await divide(login, trip, main, error)
        for (const part of others) await find(login, trip, part)
      })
      fail(trip, noBwsSecret(who))
    } catch (thrown) {
      fail(trip, toLocketError(thrown))
    }
  }

  /**
   * Closes the trip to further riders. Returns the values to ask for: first those without a suspect, then
   * each suspect.
   */
  function depart(trip: Trip): BwsQuery[][] {
    if (boarding === trip) {
      boarding = undefined
      leaveBehind(trip)
    }
    const wanted = wantedBy(trip)
    const trusted = wanted.filter(({ id }) => !suspects.has(id))
    const doubtful = Map.groupBy(
      wanted.filter(({ id }) => suspects.has(id)),
      ({ id }) => id,
    )
    return [trusted, ...doubtful.values()].filter((part) => part.length > 0)
  }

  /** Moves the riders that exceed one request to the next trip. */
  function leaveBehind(trip: Trip): void {
    const ids = new Set<string>()
    const others: Rider[] = []
    for (const { key, id } of wantedBy(trip)) {
      if (ids.size < MOST_IDS) ids.add(id)
      if (ids.has(id)) continue
      others.push(...(trip.riders.get(key) ?? []))
      trip.riders.delete(key)
    }
    if (others.length > 0) board(others)
  }

  /**
   * Sends one request. Resolves with the error of at least one of its ids, or with undefined if it succeeded.
   */
  async function readSome(
    login: BwsIdentity,
    trip: Trip,
    take: () => readonly BwsQuery[],
  ): Promise<LocketError | undefined> {
    const answer = await login.read(take, trip.giveUp.signal)
    if (answer.kind === 'none') return answer.error
    for (const [key, outcome] of answer.outcomes) deliver(trip, key, outcome)
    return undefined
  }

  async function find(login: BwsIdentity, trip: Trip, part: readonly BwsQuery[]): Promise<boolean> {
    const wanted = stillWanted(trip, part)
    if (wanted.length === 0) return false
    const error = await readSome(login, trip, () => wanted)
    if (error !== undefined) await divide(login, trip, wanted, error)
    return error === undefined
  }

  /** Finds the ids that made the request fail: it asks half by half until each of them is alone. */
  async function divide(
    login: BwsIdentity,
    trip: Trip,
    part: readonly BwsQuery[],
    error: LocketError,
  ): Promise<void> {
    const ids = [...new Set(part.map(({ id }) => id))]
    if (ids.length < 2) {
      for (const { key, id } of part) {
        suspect(id)
        deliver(trip, key, { ok: false, error })
      }
      return
    }
    const half = new Set(ids.slice(0, ids.length >> 1))
    const isFound = await find(
      login,
      trip,
      part.filter(({ id }) => half.has(id)),
    )
    const rest = stillWanted(
      trip,
      part.filter(({ id }) => !half.has(id)),
    )
    // The first half succeeded, so a failing id is in the other half. Asking for that half as a whole would
    // fail again.
    if (isFound && countIds(rest) > 1) await divide(login, trip, rest, error)
    else await find(login, trip, rest)
  }

  function suspect(id: string): void {
    if (suspects.size >= MOST_SUSPECTS) suspects.clear()
    suspects.add(id)
  }

  function deliver(trip: Trip, key: string, outcome: Outcome): void {
    const riders = trip.riders.get(key) ?? []
    trip.riders.delete(key)
    for (const [index, { wanted, answer }] of riders.entries()) {
      if (!outcome.ok) {
        answer.reject(outcome.error)
        continue
      }
      suspects.delete(wanted.id)
      answer.resolve(index === 0 ? outcome.secret : { value: outcome.secret.value.copy() })
    }
    if (outcome.ok && riders.length === 0) outcome.secret.value.wipe()
  }

  function fail(trip: Trip, error: LocketError): void {
    if (boarding === trip) boarding = undefined
    for (const riders of trip.riders.values()) for (const { answer } of riders) answer.reject(error)
    trip.riders.clear()
  }

  function leave(rider: Rider, reason: unknown): void {
    const { trip, wanted } = rider
    if (trip === undefined) return
    const others = trip.riders.get(wanted.key)?.filter((other) => other !== rider) ?? []
    if (others.length > 0) trip.riders.set(wanted.key, others)
    else trip.riders.delete(wanted.key)
    if (trip.riders.size > 0) return
    if (boarding === trip) boarding = undefined
    trip.giveUp.abort(reason)
  }

  return {
    async read(wanted, signal) {
      throwIfAborted(who, signal)
      const answer = Promise.withResolvers<Resolved>()
      const rider: Rider = { wanted, answer, signal, trip: undefined }
      board([rider])
      try {
        return await unlessAborted(
          () => answer.promise,
          signal,
          () => abortError(who, signal.reason),
        )
      } finally {
        if (signal.aborted) leave(rider, signal.reason)
      }
    },
  }
}

/** Returns each distinct value once. */
function wantedBy({ riders }: Trip): BwsQuery[] {
  return [...riders.values()].flatMap(([first]) => (first === undefined ? [] : [first.wanted]))
}

/** Leaves out the values that no caller waits for any more. */
function stillWanted({ riders }: Trip, part: readonly BwsQuery[]): readonly BwsQuery[] {
  return part.filter(({ key }) => riders.has(key))
}

function countIds(part: readonly BwsQuery[]): number {
  return new Set(part.map(({ id }) => id)).size
}
