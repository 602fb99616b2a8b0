import type { BrokerPorts } from '../ports.ts'

/** Lines of one deletion, so that requests do not wait long, and deletions of one call. */
const [MOST_LINES, MOST_TIMES] = [5000, 20]
/** The part of the time to keep by which the oldest line may be too old, so that deletions have few lines. */
const SLACK = 1 / 24
/** Milliseconds that other replicas leave a deletion to the one that has promised it. */
const PROMISE_MS = 10 * 60_000

/**
 * Deletes lines of the audit that are older than they have to be kept. The line that tells it is stored
 * before. The last deleted line's number and hash are kept, so that the rest can still be checked.
 */
export async function dropOldLines({ clock, audit, audited, settings }: BrokerPorts): Promise<void> {
  const { auditKeepMs } = settings
  if (auditKeepMs === undefined) return
  const before = clock.now() - auditKeepMs
  const [oldest] = await audited.after(0, 1)
  if (oldest === undefined || oldest.entry.at >= before - auditKeepMs * SLACK) return
  // Without it each replica would write a line for one deletion.
  if (!(await audited.claim(`${oldest.seq} ${Math.floor(clock.now() / PROMISE_MS)}`))) return
  const target = `from line ${oldest.seq}`
  const reason = `older than ${new Date(before).toISOString()}`
  const line = {
    actor: 'broker',
    action: 'audit.drop',
    target,
    address: '',
    outcome: 'allowed',
    reason,
  } as const
  await audit([{ ...line, at: clock.now() }])
  let last = oldest.seq - 1
  for (let times = 0; times < MOST_TIMES; times += 1) {
    const { seq } = await audited.dropBefore(before, MOST_LINES)
    if (seq === last) return
    last = seq
    await clock.nextTurn()
  }
}
