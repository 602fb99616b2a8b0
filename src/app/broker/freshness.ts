import { formatPlace } from '../../core/broker/place.ts'
import { createFingerprints } from '../../core/vocabulary/fingerprint.ts'
import type { RefId } from '../../core/vocabulary/ref.ts'
import type { Outcomes } from '../../core/vocabulary/resolve.ts'
import type { ChangeList } from './changes.ts'
import type { BrokerPorts } from './ports.ts'
import type { SecretRead } from './read.ts'

/** Secrets that were read lately and are asked for again. The one that was read first is forgotten first. */
const MOST_SECRETS = 10_000
/** Milliseconds after which a secret that nobody reads is not asked for again. */
const FORGET_MS = 3_600_000

interface Followed extends SecretRead {
  readAt: number
  fingerprint: string
}

/** Finds out that values have changed. */
interface Freshness {
  /** Follows these secrets from now on, and compares their values with those of before. */
  note(secrets: readonly SecretRead[], outcomes: Outcomes): void
  /** Asks the providers for all followed secrets as one batch, and notes those that have changed. */
  refresh(signal: AbortSignal): Promise<void>
}

/** Returns an object that follows no secrets yet. Values are compared by fingerprints and not kept. */
export function createFreshness(ports: BrokerPorts, changes: ChangeList): Freshness {
  const { clock } = ports
  const fingerprints = createFingerprints()
  const followed = new Map<string, Followed>()

  function forgetOld(): void {
    for (const [name, { readAt }] of followed) if (clock.elapsed() - readAt > FORGET_MS) followed.delete(name)
  }

  /** Returns the fingerprint of a value; undefined if there is none. */
  function printOf(id: RefId, outcomes: Outcomes): string | undefined {
    const outcome = outcomes.get(id)
    return outcome?.ok === true ? fingerprints.of([[id, outcome.secret.value]]) : undefined
  }

  /** Notes a change if the value is another one than before. */
  function compare(one: Followed, fingerprint: string): void {
    const { project, name } = one.secret
    if (one.fingerprint !== fingerprint) changes.add({ kind: 'secret', project, name })
    one.fingerprint = fingerprint
  }

  return {
    note(secrets, outcomes) {
      for (const { secret, ref } of secrets) {
        const fingerprint = printOf(ref.id, outcomes)
        if (fingerprint === undefined) continue
        const name = formatPlace(secret)
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
        if (fingerprint !== undefined) compare(one, fingerprint)
      }
      for (const outcome of outcomes.values()) if (outcome.ok) outcome.secret.value.wipe()
    },
  }
}
