import { formatPlace, parseCanonicalPlace, type AskedPlace } from '../../../core/broker/place.ts'
import type { SecretRecord } from '../../../core/broker/records.ts'
import type { AuditEntry, ReadFacts, Verdict } from '../../../core/broker/seams.ts'
import type { ErrorCode } from '../../../core/vocabulary/errors.ts'
import type { Authenticated } from '../authenticate.ts'
import type { BrokerPorts } from '../ports.ts'

/** A place as a machine has written it. */
interface AskedText {
  readonly text: string
  readonly place: AskedPlace
}

/** A secret that the machine may read now. */
export interface AllowedSecret extends AskedText {
  readonly secret: SecretRecord
}

/** The result of a selection. */
interface Selected {
  readonly allowed: readonly AllowedSecret[]
  /** The answers to all other references. */
  readonly refused: ReadonlyMap<string, ErrorCode>
}

/** Finds out what a machine may read, and records it. */
interface Selection {
  /** Grants, policy, audit. Rejects if the store or the audit does not work. */
  select(by: Authenticated, refs: readonly string[], context: ReadFacts['context']): Promise<Selected>
  /** Resolves with the granted secrets that the policy lets the machine read now, and records nothing. */
  visible(by: Authenticated): Promise<readonly SecretRecord[]>
  /** Records references that were allowed and gave no value. */
  recordFailures(
    by: Authenticated,
    failures: readonly (AskedText & { readonly code: ErrorCode })[],
  ): Promise<void>
}

/** Milliseconds of decisions after which other requests get their turn. */
const SLICE_MS = 20
/** Milliseconds for the decisions of one batch, without the turns of others. */
const MOST_DECIDING_MS = 5000

/** Returns the selection of a broker. */
export function createSelection({ clock, store, decide, audit }: BrokerPorts): Selection {
  /** A decision that throws is a denial. */
  function decided(facts: ReadFacts): Verdict {
    try {
      return decide(facts)
    } catch {
      return { isAllowed: false, policy: 'the policy has failed' }
    }
  }

  /** Decides about secrets one after the other. */
  function createDecisions(
    { machine: { id, name }, address, claims }: Authenticated,
    context: ReadFacts['context'],
  ) {
    const facts = {
      machine: { id, name },
      address,
      now: clock.now(),
      context,
      ...(claims === undefined ? {} : { claims }),
    }
    let [spentMs, sliceMs] = [0, 0]
    return async (secret: SecretRecord): Promise<Verdict> => {
      if (spentMs > MOST_DECIDING_MS) return { isAllowed: false, policy: 'the policy takes too long' }
      if (sliceMs > SLICE_MS) {
        sliceMs = 0
        await clock.nextTurn()
      }
      const start = clock.elapsed()
      const verdict = decided({ ...facts, secret })
      const tookMs = clock.elapsed() - start
      spentMs += tookMs
      sliceMs += tookMs
      return verdict
    }
  }

  function line(
    { machine, address }: Authenticated,
    { text, place: { project, name } }: AskedText,
    result: Pick<AuditEntry, 'outcome' | 'reason'>,
  ): AuditEntry {
    return {
      at: clock.now(),
      actor: `machine ${machine.id}`,
      action: 'read',
      target: text,
      machine: machine.name,
      secret: formatPlace({ project, name }),
      address,
      ...result,
    }
  }

  return {
    async select(by, refs, context) {
      const refused = new Map<string, ErrorCode>()
      const asked = new Map<string, AskedPlace>()
      for (const text of refs) {
        // One value under many spellings would make a small request a large answer.
        const place = parseCanonicalPlace(text)
        if (place === undefined) refused.set(text, 'ref_syntax')
        else asked.set(text, place)
      }
      const found = await store.granted(by.machine.id, placesOf(asked.values()))
      const secrets = new Map(found.map((secret) => [formatPlace(secret), secret]))
      const decideOn = createDecisions(by, context)
      const entries: AuditEntry[] = []
      const allowed: AllowedSecret[] = []
      for (const [text, place] of asked) {
        const secret = secrets.get(formatPlace({ project: place.project, name: place.name }))
        const verdict = secret === undefined ? NO_GRANT : await decideOn(secret)
        const outcome = verdict.isAllowed ? 'allowed' : 'denied'
        entries.push(line(by, { text, place }, { outcome, reason: verdict.policy }))
        if (secret !== undefined && verdict.isAllowed) allowed.push({ text, place, secret })
        else refused.set(text, 'denied')
      }
      await audit(entries)
      return { allowed, refused }
    },

    async visible(by) {
      const decideOn = createDecisions(by, {})
      const found: SecretRecord[] = []
      for (const secret of await store.granted(by.machine.id))
        if ((await decideOn(secret)).isAllowed) found.push(secret)
      return found
    },

    async recordFailures(by, failures) {
      await audit(failures.map((failure) => line(by, failure, { outcome: 'failed', reason: failure.code })))
    },
  }
}

const NO_GRANT: Verdict = { isAllowed: false, policy: 'no grant' }

function placesOf(asked: Iterable<AskedPlace>) {
  const byName = new Map([...asked].map(({ project, name }) => [`${project}/${name}`, { project, name }]))
  return [...byName.values()]
}
