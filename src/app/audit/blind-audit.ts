import type { SwapNote } from '../../core/blind/swap.ts'
import { shortened, type AuditFacts } from '../../core/audit/facts.ts'
import type { AuditLog } from '../../core/ports/audit-log.ts'
import type { Clock } from '../../core/ports/clock.ts'
import type { Emit } from '../../core/ports/events.ts'
import { formatError, LocketError, toLocketError } from '../../core/vocabulary/errors.ts'

/** The audit of requests of a command that does not have its secrets. */
export interface BlindAudit {
  /**
   * Writes which values are put into a request. Rejects with `io` when the line cannot be written and
   * `audit-on-failure` is deny.
   */
  swapped(line: { readonly what: string; readonly notes: readonly SwapNote[] }): Promise<void>
  /** Writes that a request is refused. Never rejects. */
  refused(line: { readonly what: string; readonly error: LocketError }): Promise<void>
  close(): Promise<void>
}

interface BlindAuditPorts {
  readonly log: AuditLog
  readonly clock: Clock
  readonly emit: Emit
  readonly onFailure: 'deny' | 'warn'
  /** The command of locket: `run` or `proxy`. */
  readonly command: string
}

/** Makes the audit that writes to `log`. */
export function createBlindAudit({ log, clock, emit, onFailure, command }: BlindAuditPorts): BlindAudit {
  let isFailing = false
  let lost = 0

  async function append(line: Omit<AuditFacts, 'time' | 'command'>): Promise<void> {
    const time = new Date(clock.now()).toISOString()
    const missed = lost
    lost = 0
    const gap: readonly AuditFacts[] =
      missed === 0
        ? []
        : [{ time, action: 'gap', outcome: 'ok', command, note: `${missed} lines could not be written` }]
    try {
      await log.append([...gap, shortened({ time, command, ...line })])
      if (isFailing) emit('audit.recovered', { lost: missed })
      isFailing = false
    } catch (thrown) {
      lost += missed + 1
      const error = toLocketError(thrown)
      if (!isFailing) emit('audit.failed', { error: formatError(error), policy: onFailure })
      isFailing = true
      throw error
    }
  }

  return {
    async swapped({ what, notes }) {
      const values = notes.map(({ name, place }) => ({ reference: `${name} in ${place}`, outcome: 'ok' }))
      try {
        await append({ action: 'swap', outcome: 'ok', values, note: what })
      } catch (thrown) {
        if (onFailure === 'warn') return
        throw new LocketError('io', 'the request cannot be recorded in the audit log', {
          cause: thrown,
          hint: 'audit-on-failure is deny; warn lets requests pass without their line',
        })
      }
    },
    async refused({ what, error }) {
      const note = `${what}: ${error.reason}`
      await append({ action: 'refuse', outcome: error.code, note }).catch(() => undefined)
    },
    close: () => log.close(),
  }
}

/** The audit of a command without an audit log. */
export const NO_BLIND_AUDIT: BlindAudit = {
  swapped: async () => undefined,
  refused: async () => undefined,
  close: async () => undefined,
}
