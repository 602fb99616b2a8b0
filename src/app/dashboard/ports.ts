import type { Policy, PolicyFile } from '../../core/broker/policy/rules.ts'
import type { PeopleStore } from '../../core/broker/people/people-store.ts'
import type { ClaimRule, SignedClaims } from '../../core/broker/people/claims.ts'
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

/** The words that tie an answer to the browser that began the login. */
export interface LoginWords {
  /** The page of the dashboard to which the service sends the browser back. */
  readonly redirect: string
  readonly state: string
  readonly nonce: string
  /** The secret of PKCE: its hash goes with the browser, and it goes with the code. */
  readonly verifier: string
}

/** The login service of the organisation, which speaks OpenID Connect. */
export interface LoginService {
  /** Its host name, for people. */
  readonly name: string
  readonly rule: ClaimRule
  /** Resolves with the address to send the browser to. Rejects with `unavailable` and `provider_protocol`. */
  begin(words: LoginWords): Promise<string>
  /**
   * Exchanges the code of an answer, and resolves with the facts that the service has signed. Rejects with
   * `auth` for an answer that is not right in every part, and with `unavailable`.
   */
  finish(words: LoginWords, answer: URLSearchParams): Promise<SignedClaims>
}

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
  /** Left out: people log in by passwords and passkeys only. */
  readonly loginService?: LoginService | undefined
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
