import { formatPlace } from '../../../core/broker/place.ts'
import type { SecretPlace } from '../../../core/broker/records.ts'
import { LocketError } from '../../../core/vocabulary/errors.ts'
import { whyNot, type Authenticated } from '../authenticate.ts'
import type { ChangeList, NotedChange } from './changes.ts'
import type { BrokerPorts } from '../ports.ts'

/** The end of a watch. */
export interface Watched {
  /** The `since` of the next watch. */
  readonly cursor: string
  /** The secrets that may have another value. `all`: any of those that the machine may read. */
  readonly changed: readonly string[] | 'all'
}

/** Milliseconds of one watch: less than the minute after which proxies cut idle connections. */
const LONGEST_WATCH_MS = 50_000
/** Watches of one machine, and of all machines, at the same time. */
const MOST_OF_MACHINE = 4
const MOST_OF_ALL = 20_000

/** The watches that are held. */
interface Watches {
  /**
   * Resolves when something changes that the machine may read, or after 50 s without a change. Rejects with
   * `auth` as soon as the machine is disabled, removed or expired, with `rate_limited` for too many watches,
   * and with the signal's reason.
   */
  watch(by: Authenticated, since: string, signal: AbortSignal): Promise<Watched>
  /** The number of watches that are held. */
  held(): number
}

/** Returns the watches of a broker, which wait for `changes`. */
export function createWatches(
  { clock, store }: Pick<BrokerPorts, 'clock' | 'store'>,
  changes: ChangeList,
): Watches {
  const held = new Map<string, number>()
  let all = 0

  async function hold(by: Authenticated, since: string, signal: AbortSignal): Promise<Watched> {
    const until = clock.elapsed() + LONGEST_WATCH_MS
    for (let from = since; ;) {
      const cursor = changes.cursor()
      const changed = await relevant(by, changes.since(from))
      if (changed === 'all' || changed.length > 0) return { cursor, changed }
      if (clock.elapsed() >= until || !(await comes(until, cursor, signal))) return { cursor, changed: [] }
      from = cursor
    }
  }

  /** Resolves with true at the next change after the cursor, and with false at the time `until`. */
  async function comes(until: number, cursor: string, signal: AbortSignal): Promise<boolean> {
    if (changes.cursor() !== cursor) return true
    const settled = new AbortController()
    const both = AbortSignal.any([signal, settled.signal])
    const end = clock.sleep(until - clock.elapsed(), both).then(() => false)
    try {
      return await Promise.race([changes.next(both).then(() => true), end])
    } finally {
      settled.abort(new LocketError('aborted', 'the watch is over'))
      end.catch(() => undefined)
    }
  }

  async function relevant(
    by: Authenticated,
    noted: readonly NotedChange[],
  ): Promise<readonly string[] | 'all'> {
    const { id } = by.machine
    const isOwn = (change: NotedChange): boolean =>
      change.kind === 'lost' || (change.kind === 'machine' && change.machine === id)
    if (noted.some(isOwn)) {
      await mustBeEnabled(by)
      return 'all'
    }
    const places = noted.flatMap((change): readonly SecretPlace[] =>
      change.kind === 'secret' ? [change] : [],
    )
    return (await store.granted(id, places)).map((secret) => formatPlace(secret))
  }

  async function mustBeEnabled({ machine: { id }, address }: Authenticated): Promise<void> {
    const machine = await store.machine(id)
    if (machine === undefined || whyNot(machine, address, clock.now()) !== undefined)
      throw new LocketError('auth', 'the broker does not answer this machine any more')
  }

  return {
    async watch(by, since, signal) {
      const { id } = by.machine
      const own = held.get(id) ?? 0
      if (own >= MOST_OF_MACHINE || all >= MOST_OF_ALL)
        throw new LocketError('rate_limited', 'too many watches are held', { retryAfterMs: 5000 })
      held.set(id, own + 1)
      all += 1
      try {
        return await hold(by, since, signal)
      } finally {
        all -= 1
        const left = (held.get(id) ?? 1) - 1
        if (left === 0) held.delete(id)
        else held.set(id, left)
      }
    },
    held: () => all,
  }
}
