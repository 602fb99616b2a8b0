import type { SecretRecord } from './records.ts'

/** Facts about one read, for a decision. */
export interface ReadFacts {
  readonly machine: { readonly id: string; readonly name: string }
  readonly secret: SecretRecord
  /** The address of the machine. Empty on a Unix socket. */
  readonly address: string
  /** Milliseconds since the epoch. */
  readonly now: number
  /** Facts that an issuer has signed. Left out: the machine has proved itself by its key alone. */
  readonly claims?: Readonly<Record<string, unknown>>
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
  /** The name of the machine that it is about. */
  readonly machine?: string
  /** The secret that it is about, `project/name`. It need not exist. */
  readonly secret?: string
  readonly address: string
  /** `failed`: it was allowed before, and has not worked. */
  readonly outcome: AuditOutcome
  /** The name of the rule that decided, of the check that refused, or the code of the failure. */
  readonly reason: string
}

/** The outcome of a line. */
export type AuditOutcome = 'allowed' | 'denied' | 'failed'

/**
 * The actions that have a line in the audit. `start`: a process of the broker; `policy.load` and
 * `registry.load`: a policy or a registry takes effect; `gap`: lines before this one could not be stored;
 * `audit.drop`: old lines were deleted.
 */
export const BROKER_AUDIT_ACTIONS = [
  'start',
  'policy.load',
  'registry.load',
  'gap',
  'audit.drop',
  'read',
  'authenticate',
  'enrol',
  'workload.login',
  'download',
  'machine.add',
  'machine.state',
  'machine.remove',
  'secret.add',
  'secret.remove',
  'grant.add',
  'grant.remove',
  'grant.clear',
  'machine.rename',
  'person.add',
  'person.change',
  'person.remove',
  'person.setup',
  'login',
  'session.end',
  'registry.add',
  'registry.remove',
] as const

/** One of `BROKER_AUDIT_ACTIONS`. */
export type BrokerAuditAction = (typeof BROKER_AUDIT_ACTIONS)[number]

/**
 * Stores lines of the audit. They are durable when the promise resolves. No answer leaves and no provider is
 * asked before that; a rejection is a denial.
 */
export type BrokerAudit = (entries: readonly AuditEntry[]) => Promise<void>

/** Allows each read that is granted. */
export const allowGranted: Decide = () => ({ isAllowed: true, policy: 'grant' })

/** An issuer of tokens whose holders may be machines, as the configuration of the broker has it. */
export interface Issuer {
  /** The name of its table, which the rules of machines hold. */
  readonly name: string
  /** The claim `iss` of its tokens. */
  readonly url: string
  /** A token is for one of these. */
  readonly audience: readonly string[]
  /** The algorithms of signatures that are accepted. */
  readonly algorithms: readonly string[]
  /** Where its keys are: a URL of https, or the path of a file. Left out: its discovery document tells. */
  readonly keys?: string | undefined
  /** A PEM file of authorities to trust for it, beside the usual ones. */
  readonly caCert?: string | undefined
  /** Milliseconds of a session. Left out: it ends with the token, and after an hour at the latest. */
  readonly sessionMs?: number | undefined
}

/** A token whose signature, issuer, audience and times are right. */
export interface VerifiedToken {
  readonly claims: Readonly<Record<string, unknown>>
  /** The claim `sub`, on one line. */
  readonly subject: string
  /** The moment at which the session of the token ends. */
  readonly expires: number
}

/**
 * Checks a token of the issuer with this name. Rejects with `auth` and the reason for a token that is not
 * good, with `config` for an issuer that is not configured, and with `unavailable` when its keys are not
 * available.
 */
export type VerifyToken = (issuer: string, token: string) => Promise<VerifiedToken>
