import type { SecretRecord } from './records.ts'

/** Facts about one read, for a decision. */
interface ReadFacts {
  readonly machine: { readonly id: string; readonly name: string }
  readonly secret: SecretRecord
  /** The address of the machine. Empty on a Unix socket. */
  readonly address: string
  /** Milliseconds since the epoch. */
  readonly now: number
  /** Facts that the machine claims about itself: nobody has verified them. */
  readonly context: Readonly<Record<string, string>>
}

/** The decision about one read, and the name of the rule that made it. */
export interface Verdict {
  readonly isAllowed: boolean
  readonly policy: string
}

/**
 * Decides about a read that is granted, before any provider is asked. A decision that throws is a denial. It
 * runs for each secret of a batch, so it must be quick and must not wait.
 */
export type Decide = (facts: ReadFacts) => Verdict

/** One line of the audit: who did what to what, from where, and with which outcome. */
export interface AuditEntry {
  readonly at: number
  /** `machine m_…`, or `admin` for a call of the admin API. */
  readonly actor: string
  readonly action: BrokerAuditAction
  /** The secret, machine or grant, as the actor wrote it. Never a value, never a token. */
  readonly target: string
  readonly address: string
  readonly outcome: 'allowed' | 'denied'
  /** The name of the rule that decided, or of the check that refused. */
  readonly reason: string
}

/** The actions that have a line in the audit. */
export type BrokerAuditAction =
  | 'read'
  | 'authenticate'
  | 'enrol'
  | 'download'
  | 'machine.add'
  | 'machine.state'
  | 'machine.remove'
  | 'secret.add'
  | 'secret.remove'
  | 'grant.add'
  | 'grant.remove'
  | 'grant.clear'
  | 'machine.rename'
  | 'person.add'
  | 'person.change'
  | 'person.remove'
  | 'person.setup'
  | 'login'
  | 'session.end'

/**
 * Stores lines of the audit. They are durable when the promise resolves. No answer leaves and no provider is
 * asked before that; a rejection is a denial.
 */
export type BrokerAudit = (entries: readonly AuditEntry[]) => Promise<void>

/** Allows each read that is granted. */
export const allowGranted: Decide = () => ({ isAllowed: true, policy: 'grant' })

/** Stores nothing. */
export const noAudit: BrokerAudit = async () => undefined
