import { formatPlace } from '../../../core/broker/place.ts'
import { createFingerprints } from '../../../core/vocabulary/fingerprint.ts'
import type { RefId } from '../../../core/vocabulary/ref.ts'
import type { Outcomes } from '../../../core/vocabulary/resolve.ts'
import type { ChangeList } from './changes.ts'
import type { BrokerPorts } from '../ports.ts'
import type { SecretRead } from '../read.ts'

/** Secrets that were read lately and are asked for again. The one that was read first is forgotten first. */
const MOST_SECRETS = 10_000
/** Machines whose secrets are remembered. */
const MOST_MACHINES = 10_000
/** Milliseconds after which a secret that nobody reads or watches is not asked for again. */
const FORGET_MS = 3_600_000

/** In place of a fingerprint: each question gives another value. */
const OWN = ''

interface Followed extends SecretRead {
  readAt: number
  fingerprint: string
}

/** Finds out that values have changed. */
interface Freshness {
  /**
   * Follows these secrets from now on, and compares their values with those of before. A value with a lease
   * is not followed: each question gives another one, and the machine asks in time because it knows when its
   * own ends. The same is true of a value that changes by itself.
   */
  note(machine: string, secrets: readonly SecretRead[], outcomes: Outcomes): void
  /** Goes on to follow what this machine has read: it watches, and reads again only after a change. */
  keep(machine: string): void
  /** Asks the providers for all followed secrets as one batch, and notes those that have changed. */
  refresh(signal: AbortSignal): Promise<void>
}

/** Returns an object that follows no secrets yet. Values are compared by fingerprints and not kept. */
export function createFreshness(ports: BrokerPorts, changes: ChangeList): Freshness {
  const { clock } = ports
  const fingerprints = createFingerprints()
  const followed = new Map<string, Followed>()
  /** The names of the secrets that each machine has read. */
  const readers = new Map<string, Set<string>>()

  function noteReader(machine: string, name: string): void {
    const [oldest] = readers.size >= MOST_MACHINES && !readers.has(machine) ? readers.keys() : []
    if (oldest !== undefined) readers.delete(oldest)
    const own = readers.get(machine) ?? new Set<string>()
    if (own.size < MOST_SECRETS) own.add(name)
    readers.set(machine, own)
  }

  function forgetOld(): void {
    for (const [name, { readAt }] of followed) if (clock.elapsed() - readAt > FORGET_MS) followed.delete(name)
  }

  /**
   * Returns the fingerprint of a value; undefined if there is none, `OWN` if each question gives another.
   */
  function printOf(id: RefId, outcomes: Outcomes): string | undefined {
    const outcome = outcomes.get(id)
    if (outcome?.ok !== true) return undefined
    const { value, expiresAt, isFleeting } = outcome.secret
    return expiresAt === undefined && isFleeting !== true ? fingerprints.of([[id, value]]) : OWN
  }

  /** Notes a change if the value is another one than before. */
  function compare(one: Followed, fingerprint: string): void {
    const { project, name } = one.secret
    if (one.fingerprint !== fingerprint) changes.add({ kind: 'secret', project, name })
    one.fingerprint = fingerprint
  }

  return {
    keep(machine) {
      for (const name of readers.get(machine) ?? []) {
        const one = followed.get(name)
        if (one === undefined) readers.get(machine)?.delete(name)
        else one.readAt = clock.elapsed()
      }
    },

    note(machine, secrets, outcomes) {
      for (const { secret, ref } of secrets) {
        const fingerprint = printOf(ref.id, outcomes)
        if (fingerprint === undefined) continue
        const name = formatPlace(secret)
        if (fingerprint === OWN) {
          followed.delete(name)
          continue
        }
        noteReader(machine, name)
        const before = followed.get(name)
        if (before?.ref.id === ref.id) {
          before.readAt = clock.elapsed()
          compare(before, fingerprint)
        } else followed.set(name, { secret, ref, fingerprint, readAt: clock.elapsed() })
        const [oldest] = followed.size > MOST_SECRETS ? followed.keys() : []
        if (oldest !== undefined) followed.delete(oldest)
      }
    },

    async refresh(signal) {
      forgetOld()
      const refs = new Map([...followed.values()].map(({ ref }) => [ref.id, ref]))
      if (refs.size === 0) return
      ports.expireValues()
      const outcomes = await ports.resolve([...refs.values()], signal)
      for (const one of followed.values()) {
        const fingerprint = printOf(one.ref.id, outcomes)
        if (fingerprint === OWN) followed.delete(formatPlace(one.secret))
        else if (fingerprint !== undefined) compare(one, fingerprint)
      }
      for (const outcome of outcomes.values()) if (outcome.ok) outcome.secret.value.wipe()
    },
  }
}
