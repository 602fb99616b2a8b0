import type { Clock } from '../../core/ports/clock.ts'
import type { Emit } from '../../core/ports/events.ts'
import { formatError, isRetryable, LocketError, toLocketError } from '../../core/vocabulary/errors.ts'
import type { Caller } from '../../core/vocabulary/caller.ts'
import { createBackOff } from '../../core/waiting/back-off.ts'
import type { Clients } from '../access/clients.ts'
import { shownLease } from './held.ts'
import type { OwedLease } from './holder.ts'

/** The machine, as the revoker sees it. */
interface RevokerPorts {
  readonly clients: Pick<Clients, 'leasesOf' | 'release'>
  readonly clock: Clock
  readonly emit: Emit
  /** Is called when a lease is revoked or given up. */
  readonly settled: () => void
}

/** Revokes leases in the background. */
interface Revoker {
  /** Revokes a lease. It returns at once; failures are reported once, and tried again for an hour. */
  revoke(holder: string, lease: OwedLease): void
  /** Returns the leases that are not revoked yet, with their holders. */
  pending(): readonly (OwedLease & { readonly holder: string })[]
  /** Waits for the requests that are under way, at most `ms` milliseconds, and tries no more. */
  close(ms: number): Promise<void>
}

/** Time limit of one request, in milliseconds. */
const REQUEST_MS = 10_000
const FIRST_PAUSE_MS = 5000
const LONGEST_PAUSE_MS = 300_000
const LONGEST_MS = 3_600_000
/** At the same time. */
const MOST_REQUESTS = 8

/** The revoker keeps the clients open that it needs, also when their volume is removed. */
const REVOKER: Caller = { kind: 'command', name: 'leases' }

/** Makes a revoker without work. */
export function createRevoker({ clients, clock, emit, settled }: RevokerPorts): Revoker {
  const pending = new Map<string, OwedLease & { readonly holder: string }>()
  const running = new Set<Promise<void>>()
  const closing = new AbortController()
  const waiting: (() => void)[] = []
  let free = MOST_REQUESTS

  /** Lets a few requests go at the same time: a host that stops has the leases of all its volumes. */
  async function inTurn(work: () => Promise<void>): Promise<void> {
    if (free === 0) await new Promise<void>((go) => waiting.push(go))
    else free -= 1
    try {
      await work()
    } finally {
      const next = waiting.shift()
      if (next === undefined) free += 1
      else next()
    }
  }

  async function once({ instance, id }: OwedLease): Promise<void> {
    const over = new AbortController()
    const ended = new AbortController()
    const limit = clock.sleep(REQUEST_MS, ended.signal).then(
      () => over.abort(new LocketError('timeout', 'the lease was not revoked in time')),
      () => undefined,
    )
    try {
      await clients.leasesOf(REVOKER, instance).revoke(id, AbortSignal.any([over.signal, closing.signal]))
    } finally {
      ended.abort()
      await limit
    }
  }

  async function work(holder: string, owed: OwedLease): Promise<void> {
    const backOff = createBackOff(FIRST_PAUSE_MS, LONGEST_PAUSE_MS)
    const end = clock.elapsed() + LONGEST_MS
    const facts = { holder, provider: owed.instance.name, lease: shownLease(owed.id) }
    let isReported = false
    for (;;) {
      try {
        await inTurn(() => once(owed))
        emit('lease.revoked', facts)
        return
      } catch (thrown) {
        if (closing.signal.aborted) throw thrown
        const error = toLocketError(thrown)
        if (!isReported)
          emit('lease.revocation.failed', { ...facts, code: error.code, error: formatError(error) })
        isReported = true
        const isHopeless = !isRetryable(error) && error.code !== 'timeout' && error.code !== 'aborted'
        if (isHopeless || clock.elapsed() > end) return
        await clock.sleep(backOff.next(error.retryAfterMs), closing.signal)
      }
    }
  }

  async function run(key: string, holder: string, owed: OwedLease): Promise<void> {
    try {
      await work(holder, owed)
      pending.delete(key)
      settled()
      if (pending.size === 0) await clients.release(REVOKER)
    } catch {
      // It stays in the records: the next process revokes it.
    }
  }

  return {
    revoke(holder, owed) {
      const key = `${owed.instance.name} ${owed.id}`
      if (pending.has(key) || closing.signal.aborted) return
      pending.set(key, { ...owed, holder })
      const task = run(key, holder, owed)
      running.add(task)
      void task.finally(() => running.delete(task))
    },
    pending: () => [...pending.values()],
    async close(ms) {
      const over = new AbortController()
      const limit = clock.sleep(ms, over.signal).catch(() => undefined)
      await Promise.race([Promise.all(running), limit])
      over.abort()
      closing.abort(new LocketError('aborted', 'the daemon stops'))
      await Promise.race([Promise.all(running), new Promise((done) => setImmediate(done))])
    },
  }
}
