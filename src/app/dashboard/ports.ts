import type { Policy, PolicyFile } from '../../core/broker/policy/rules.ts'
import type { PeopleStore } from '../../core/broker/people/people-store.ts'
import type { PersonRecord } from '../../core/broker/people/people.ts'
import type { BrokerAudit, Decide } from '../../core/broker/seams.ts'
import type { BrokerStore } from '../../core/ports/broker-store.ts'
import type { Clock } from '../../core/ports/clock.ts'
import type { Emit } from '../../core/ports/events.ts'
import type { InstanceStatus } from '../access/instance-status.ts'
import type { Broker } from '../broker/broker.ts'
import type { Admin } from '../broker/catalog.ts'

/** Parses and compiles the text of a policy. Rejects with `config`. */
type ReadPolicy = (text: string) => Promise<{ readonly file: PolicyFile; readonly policy: Policy }>

/** The parts of the broker and of the machine that the dashboard needs. */
export interface DashboardPorts {
  readonly clock: Clock
  readonly emit: Emit
  readonly audit: BrokerAudit
  readonly broker: Pick<Broker, 'machines' | 'catalog' | 'audit' | 'policy'>
  readonly store: BrokerStore
  readonly people: PeopleStore
  /** Decides about each granted read. */
  readonly decide: Decide
  readonly readPolicy: ReadPolicy
  /** The providers that were asked so far. */
  readonly providers: () => readonly InstanceStatus[]
  /**
   * Keeps the link for the first administrator in a file, and resolves with its path. Without a link it
   * removes the file.
   */
  readonly keepFirstLink: (link?: string) => Promise<string | undefined>
}

/** The browser that sends a request. */
export interface Visitor {
  readonly address: string
  /** The browser, as it names itself. */
  readonly agent: string
}

/** Returns the actor of audit lines: a person cannot be mistaken for the holder of the admin token. */
export function actorOf({ name }: Pick<PersonRecord, 'name'>, { address }: Pick<Visitor, 'address'>): Admin {
  return { actor: `person ${name}`, address }
}
