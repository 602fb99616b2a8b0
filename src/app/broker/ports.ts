import type { Key } from '../../core/broker/keys.ts'
import type { PolicyState } from '../policy/live-policy.ts'
import type { BrokerAudit, Decide, VerifyToken } from '../../core/broker/seams.ts'
import type { AuditStore, BrokerStore, WorkloadStore } from '../../core/ports/broker-store.ts'
import type { Clock } from '../../core/ports/clock.ts'
import type { Emit } from '../../core/ports/events.ts'
import type { ParseRef } from '../../core/template/template.ts'
import type { Resolve } from '../../core/vocabulary/resolve.ts'
import type { Rate } from '../../core/waiting/rate.ts'

/** The settings of a broker. */
interface BrokerSettings {
  /** The address that machines are told: `https://broker.example:7468`. */
  readonly url: string
  /** Names and addresses under which machines may ask. A request that was signed for another is refused. */
  readonly names: readonly string[]
  /** How long a value is kept, and how often watched values are asked for again, in milliseconds. */
  readonly refreshMs: number
  /** How long lines of the audit are kept, in milliseconds. Left out: for ever. */
  readonly auditKeepMs?: number | undefined
  /** Requests of one machine. */
  readonly rate: Pick<Rate, 'count' | 'perMs'>
}

/** The parts of a broker that answer workloads. */
interface WorkloadPorts {
  readonly sessions: WorkloadStore
  readonly verify: VerifyToken
  /** The names of the issuers that are configured. */
  readonly issuers: readonly string[]
}

/** The parts of the machine and the seams that a broker needs. */
export interface BrokerPorts {
  readonly clock: Clock
  readonly emit: Emit
  readonly store: BrokerStore
  /** The one core that asks providers: single-flight, rate limits, breaker, value cache. */
  readonly resolve: Resolve
  /** Forgets kept values, so that the next question reaches the providers. */
  readonly expireValues: () => void
  /** Parses the references of the operator. */
  readonly parseRef: ParseRef
  /** Decides about each granted read. */
  readonly decide: Decide
  /** The policy in effect. Left out: grants alone decide. */
  readonly policy?: (() => PolicyState) | undefined
  readonly audit: BrokerAudit
  /** The lines that `audit` has stored. */
  readonly audited: AuditStore
  readonly workloads: WorkloadPorts
  readonly settings: BrokerSettings
  readonly keys: {
    readonly signing: Key
    /** The certificate of the broker's own authority, as PEM. Undefined: TLS is not locket's own. */
    readonly authority: string | undefined
  }
  /** Packs files into a ZIP archive. */
  readonly zip: (files: ReadonlyMap<string, Uint8Array>) => Uint8Array
}
