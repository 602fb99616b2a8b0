import { chainRows, type AuditHead } from '../../../core/broker/audit/chain-rows.ts'
import type { AuditEntry, BrokerAudit } from '../../../core/broker/seams.ts'
import type { AuditStore } from '../../../core/ports/broker-store.ts'
import type { Clock } from '../../../core/ports/clock.ts'
import type { Emit } from '../../../core/ports/events.ts'
import { formatError, LocketError, toLocketError } from '../../../core/vocabulary/errors.ts'

/** The parts that a writer needs. */
interface WriterPorts {
  readonly store: AuditStore
  readonly clock: Clock
  readonly emit: Emit
  /** `deny`: no answer without its line. `warn`: it goes on, and a line `gap` tells of it later. */
  readonly onFailure: 'deny' | 'warn'
}

/** Lines of one transaction, unless one caller has more. */
const MOST_AT_ONCE = 1000
/** Lines that wait. Above that the database is too slow, and callers are told so. */
const MOST_WAITING = 50_000
/** Tries of one group. Each failed one means that another replica has stored a group of its own. */
const MOST_TRIES = 100

interface Waiting {
  readonly entries: readonly AuditEntry[]
  readonly done: () => void
  readonly failed: (error: LocketError) => void
}

/**
 * Returns the function that stores lines at the end of the chain. Lines that come in the same turn of the
 * event loop, or during a commit, are stored by one commit. It rejects with `unavailable` when they are not
 * stored.
 */
export function createAuditWriter({ store, clock, emit, onFailure }: WriterPorts): BrokerAudit {
  let waiting: Waiting[] = []
  let lines = 0
  let isWriting = false
  let head: AuditHead | undefined
  let isFailing = false
  /** Lines that were lost since the last one that was stored. */
  let lost = 0

  async function writeAll(): Promise<void> {
    isWriting = true
    while (waiting.length > 0) {
      // Requests that have arrived in this turn share the commit.
      await clock.nextTurn()
      const group = take()
      const entries = group.flatMap((one) => one.entries)
      try {
        await storeLines(entries)
        for (const { done } of group) done()
      } catch (thrown) {
        const error = noteFailure(toLocketError(thrown), entries.length)
        for (const { done, failed } of group)
          if (onFailure === 'warn') done()
          else failed(error)
      }
    }
    isWriting = false
  }

  /** Takes whole calls off the queue: the lines of one call are stored together. */
  function take(): readonly Waiting[] {
    let size = 0
    const end = waiting.findIndex(({ entries }, index) => {
      size += entries.length
      return index > 0 && size > MOST_AT_ONCE
    })
    const group = end === -1 ? waiting : waiting.slice(0, end)
    waiting = end === -1 ? [] : waiting.slice(end)
    lines -= group.reduce((sum, { entries }) => sum + entries.length, 0)
    return group
  }

  async function storeLines(entries: readonly AuditEntry[]): Promise<void> {
    // More may be lost while these are stored.
    const told = lost
    const all = told === 0 ? entries : [gapOf(told, clock.now()), ...entries]
    for (let tries = 0; tries < MOST_TRIES; tries += 1) {
      head ??= await store.head()
      const rows = chainRows(all, head)
      if (await store.append(rows, head)) {
        head = rows.at(-1) ?? head
        if (isFailing && lost === told) {
          emit('broker.audit-works', { lost })
          isFailing = false
        }
        lost -= told
        return
      }
      head = undefined
    }
    throw new LocketError('unavailable', 'other replicas have written the audit at the same time')
  }

  /** Logs the first failure of a row of failures, and returns the error for the callers. */
  function noteFailure(error: LocketError, number: number): LocketError {
    // A commit whose answer was lost may have been made.
    head = undefined
    count(error, number)
    return new LocketError('unavailable', 'the access cannot be recorded in the audit of the broker', {
      cause: error,
    })
  }

  /** Counts lines that are lost. With `deny` none is: their callers are refused. */
  function count(error: LocketError, number: number): void {
    if (onFailure === 'warn') lost += number
    if (!isFailing) emit('broker.audit-fails', { error: formatError(error) })
    isFailing = true
  }

  return (entries) => {
    if (entries.length === 0) return Promise.resolve()
    if (lines >= MOST_WAITING) {
      const error = new LocketError('unavailable', 'too many lines wait for the audit of the broker')
      if (onFailure === 'deny') return Promise.reject(error)
      count(error, entries.length)
      return Promise.resolve()
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    waiting.push({ entries, done: resolve, failed: reject })
    lines += entries.length
    if (!isWriting) void writeAll()
    return promise
  }
}

function gapOf(lost: number, at: number): AuditEntry {
  const reason = `${lost} lines before this one could not be stored`
  return { at, actor: 'broker', action: 'gap', target: 'audit', address: '', outcome: 'failed', reason }
}
