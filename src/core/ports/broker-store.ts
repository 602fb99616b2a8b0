import type { AuditHead, AuditRow } from '../broker/audit/chain-rows.ts'
import type {
  GrantRecord,
  MachineKeys,
  MachineRecord,
  MachineState,
  SecretPlace,
  SecretRecord,
  WorkloadSession,
} from '../broker/records.ts'
import type { AuditOutcome } from '../broker/seams.ts'

/** A new machine, with everything that is stored together with it or not at all. */
export interface NewMachine {
  readonly machine: MachineRecord
  readonly grants: readonly SecretPlace[]
  /** The right to bring a key once. `hash`: SHA-256 of the token, which is not stored. */
  readonly invitation?: { readonly hash: string; readonly expires: number; readonly needsApproval: boolean }
  /** Files for one download, encrypted by a key that is made from the token of the download. */
  readonly bundle?: { readonly hash: string; readonly expires: number; readonly sealed: Uint8Array }
}

/** The result of an enrolment. */
interface Enrolled {
  readonly id: string
  readonly name: string
  readonly state: MachineState
}

/**
 * The records of a broker: one SQLite file, or PostgreSQL. Every change is durable when its promise resolves.
 * Rejects with `io` or `unavailable` if the database does not work. Times are milliseconds since the epoch.
 */
export interface BrokerStore extends AsyncDisposable {
  /** Resolves with false if the project has a secret of this name. Makes the project if it is missing. */
  addSecret(secret: SecretRecord): Promise<boolean>
  /** Removes a secret and the grants that name it. Resolves with false if there is none. */
  removeSecret(name: SecretPlace): Promise<boolean>
  /** Resolves with the secrets in the order of their names: all of them, or those of one project. */
  secrets(project?: string): Promise<readonly SecretRecord[]>

  /** Resolves with the reason why nothing was stored: the name is taken, or a granted secret is missing. */
  addMachine(machine: NewMachine): Promise<'added' | 'exists' | 'no-secret'>
  machine(id: string): Promise<MachineRecord | undefined>
  machineNamed(name: string): Promise<MachineRecord | undefined>
  /** Resolves with all machines in the order of their names. */
  machines(): Promise<readonly MachineRecord[]>
  /** Resolves with false if there is no such machine, or if it has no keys and `state` is `enabled`. */
  setMachineState(id: string, state: 'enabled' | 'disabled'): Promise<boolean>
  /** Removes a machine, its grants, its token and its bundle. Resolves with false if there is none. */
  removeMachine(id: string): Promise<boolean>
  /** Records the time of a machine's last request. */
  noteSeen(id: string, at: number): Promise<void>

  /** Resolves with the reason why nothing was stored. A grant that is there already counts as added. */
  addGrant(grant: GrantRecord, at: number): Promise<'added' | 'no-secret' | 'no-machine'>
  removeGrant(grant: GrantRecord): Promise<boolean>
  grantsOf(machine: string): Promise<readonly SecretPlace[]>
  /** Resolves with the secrets that the machine may read: those among `names`, or all of them. */
  granted(machine: string, names?: readonly SecretPlace[]): Promise<readonly SecretRecord[]>

  /** Resolves with the name of the machine that a token or a bundle is for. Undefined: it is not good. */
  ticketOf(hash: string, now: number): Promise<string | undefined>
  /**
   * Uses a token up. Stores the keys of the invited machine, and enables it or leaves it pending. Resolves
   * with undefined if the token is unknown, used or expired.
   */
  enrol(hash: string, keys: MachineKeys, now: number): Promise<Enrolled | undefined>
  /** Deletes a bundle and resolves with it. Undefined: it is unknown, downloaded before, or expired. */
  takeBundle(hash: string, now: number): Promise<Uint8Array | undefined>

  /**
   * Resolves with true if this machine has not used this nonce before. The row survives the end of the
   * process, and not always the end of the power.
   */
  useNonce(use: {
    readonly machine: string
    readonly nonce: string
    readonly expires: number
  }): Promise<boolean>
  /** Deletes nonces, tokens, bundles and sessions of workloads that have expired. */
  dropExpired(now: number): Promise<void>

  /**
   * Stores the value under this name if there is none yet, and resolves with the value that is there: the
   * processes of one database agree on it.
   */
  settle(name: string, value: string): Promise<string>

  /** Tells all processes on this database, this one too, that something has changed. */
  announce(change: BrokerChange): Promise<void>
  /** Calls the function for each announced change, and with `lost` after a time without news. */
  onChange(listener: (change: BrokerChange | { readonly kind: 'lost' }) => void): void
}

/** The sessions of workloads. Rejects as a `BrokerStore` does. */
export interface WorkloadStore {
  /** Resolves with false if the machine is gone, or has 1000 sessions that have not expired. */
  add(session: WorkloadSession, now: number): Promise<boolean>
  /** Resolves with the session, which may have expired. */
  find(id: string): Promise<WorkloadSession | undefined>
}

/** A change that a machine which waits for changes may have to know. */
export type BrokerChange =
  | { readonly kind: 'machine'; readonly machine: string }
  | { readonly kind: 'secret'; readonly project: string; readonly name: string }

/** Conditions that lines must meet. Times are milliseconds since the epoch. */
export interface AuditFilter {
  /** The name of a machine. */
  readonly machine?: string | undefined
  /** A secret, `project/name`. */
  readonly secret?: string | undefined
  readonly outcome?: AuditOutcome | undefined
  readonly since?: number | undefined
  readonly until?: number | undefined
  /** Only lines with a smaller number. */
  readonly before?: number | undefined
}

/** The audit lines of a broker in its database. Rejects with `io` or `unavailable`. */
export interface AuditStore {
  /** Resolves with the last line of the chain. */
  head(): Promise<AuditHead>
  /** Resolves with the last line that was deleted: the first one that is kept follows it. */
  base(): Promise<AuditHead>
  /**
   * Appends rows that follow the head, all or none. They are durable when it resolves with true. False:
   * another process has appended lines since, and nothing was stored.
   */
  append(rows: readonly AuditRow[], after: AuditHead): Promise<boolean>
  /** Resolves with at most `most` rows that pass the filter, the newest first. */
  newest(filter: AuditFilter, most: number): Promise<readonly AuditRow[]>
  /** Resolves with at most `most` rows after a number, the oldest first. */
  after(seq: number, most: number): Promise<readonly AuditRow[]>
  /** Deletes at most `most` of the oldest rows that are older than a time. Resolves with the new base. */
  dropBefore(at: number, most: number): Promise<AuditHead>
  /** Resolves with true for the first process that names this work. Only the last named work is known. */
  claim(work: string): Promise<boolean>
}
