import type { MachineRecord, MachineState } from '../records.ts'
import type { PasskeyRecord, PermissionRecord, PersonRecord, SessionRecord } from './people.ts'

/** A part of the list of machines, in the order of their names. */
interface MachineQuestion {
  /** The name after which the part begins; empty for the first one. */
  readonly after: string
  readonly most: number
  /** A part of the name, in any case; empty for all. */
  readonly search: string
  readonly state?: MachineState | undefined
  /** The id of the person whose machines they are; left out for all. */
  readonly owner?: string | undefined
}

/** A machine in a list. */
export interface ListedMachine extends MachineRecord {
  readonly grants: number
}

/** A project in a list. */
export interface ListedProject {
  readonly name: string
  readonly secrets: number
  /** The number of grants of its secrets. */
  readonly grants: number
}

/** A right to do one thing once: to set up a login, to answer a challenge, or to come back from outside. */
export interface TicketRecord {
  /** SHA-256 of the token, which is not stored. */
  readonly hash: string
  readonly kind: 'setup' | 'challenge' | 'outside'
  /** The person whom a setup is for. Left out: the first administrator, or another kind. */
  readonly person?: string
  readonly expires: number
}

/** Whom a try of a login is counted for. */
interface LoginTry {
  /** The id of a person, or the hash of a name that nobody has. */
  readonly who: string
  readonly isPerson: boolean
}

/** So many tries at once, and as many again in `perMs` milliseconds. */
interface TryLimit {
  readonly count: number
  readonly perMs: number
}

/**
 * The rows of the dashboard, in the database of the broker. Every change is durable when its promise
 * resolves. Rejects with `io` or `unavailable` if the database does not work. Times are milliseconds since
 * the epoch.
 */
export interface PeopleStore {
  /** Resolves with false if the name is taken, or if `isFirst` and there is a person already. */
  addPerson(person: PersonRecord, isFirst?: boolean): Promise<boolean>
  person(id: string): Promise<PersonRecord | undefined>
  personNamed(name: string): Promise<PersonRecord | undefined>
  /** Resolves with all people in the order of their names, at most 1000. */
  people(): Promise<readonly PersonRecord[]>
  /**
   * Removes a person with sessions, passkeys and permissions. Their machines stay, without owner, grants and
   * bundles. Resolves with the ids of these machines. Undefined: there is no such person, or it is the last
   * administrator.
   */
  removePerson(id: string): Promise<readonly string[] | undefined>
  permissionsOf(person: string): Promise<readonly PermissionRecord[]>
  /** Replaces the permissions. Resolves with false if the last administrator would not be one any more. */
  setPermissions(person: string, isAdmin: boolean, permissions: readonly PermissionRecord[]): Promise<boolean>

  /** Resolves with the hash of the password. Undefined: the person has none. */
  passwordOf(person: string): Promise<string | undefined>
  /**
   * Stores the hash of a password. Ends all sessions of the person but the one that is named, and takes their
   * setup links away.
   */
  setPassword(person: string, hash: string, keptSession: string): Promise<void>

  /**
   * Takes one try of a login, and resolves with 0 when it may go, else with the milliseconds until the next
   * one may. It is stored before the try, so that neither a restart nor another replica makes a name free.
   */
  takeTry(one: LoginTry, limit: TryLimit, now: number): Promise<number>
  /** Forgets all tries for a name. */
  clearTries(who: string): Promise<void>

  addSession(session: SessionRecord): Promise<void>
  /** Resolves with the session of this hash that has not expired. */
  session(hash: string, now: number): Promise<SessionRecord | undefined>
  sessionsOf(person: string, now: number): Promise<readonly SessionRecord[]>
  noteSessionSeen(hash: string, at: number): Promise<void>
  /** Ends one session of the person. Resolves with false if there is none. */
  endSession(person: string, hash: string): Promise<boolean>

  /** Resolves with false if the passkey is there already. */
  addPasskey(passkey: PasskeyRecord): Promise<boolean>
  passkey(id: string): Promise<PasskeyRecord | undefined>
  passkeysOf(person: string): Promise<readonly PasskeyRecord[]>
  notePasskeyUsed(id: string, counter: number, at: number): Promise<void>
  removePasskey(person: string, id: string): Promise<boolean>

  addTicket(ticket: TicketRecord): Promise<void>
  /** Resolves with the ticket if it is there and has not expired, and leaves it. */
  ticket(hash: string, now: number): Promise<TicketRecord | undefined>
  /** As `ticket`, and deletes it: only one caller gets it. */
  takeTicket(hash: string, now: number): Promise<TicketRecord | undefined>
  /**
   * Deletes sessions and tickets that have expired or were not used since `idleBefore`, tries that do not
   * count any more, and the oldest ones for names that nobody has.
   */
  dropExpired(now: number, idleBefore: number): Promise<void>

  machinePage(question: MachineQuestion): Promise<readonly ListedMachine[]>
  /** Resolves with the number of machines in each state. */
  machineCounts(owner?: string): Promise<ReadonlyMap<string, number>>
  /** Resolves with the number of enabled machines that were not seen since that time. */
  countUnseen(since: number, owner?: string): Promise<number>
  /** Resolves with false if the name is taken, or if there is no such machine. */
  renameMachine(id: string, name: string): Promise<boolean>
  /** Takes all grants of a machine away, and resolves with their number. */
  clearGrants(machine: string): Promise<number>
  /** Resolves with the machine of a bundle that is still there, and the end of its time. */
  bundle(hash: string, now: number): Promise<{ readonly name: string; readonly expires: number } | undefined>
  /** Resolves with all projects in the order of their names. */
  projects(): Promise<readonly ListedProject[]>
  /** Resolves with the machines that have a grant of the project, at most `most`, in the order of names. */
  machinesOf(project: string, most: number): Promise<readonly string[]>
}
