import type { AnswerRow } from '../../core/broker/answer-body.ts'
import { versionKeyOf } from '../../core/broker/keys.ts'
import { formatPlace, parseCanonicalPlace, type AskedPlace } from '../../core/broker/place.ts'
import type { SecretRecord } from '../../core/broker/records.ts'
import type { AuditEntry, Verdict } from '../../core/broker/seams.ts'
import { formatError, LocketError, toLocketError, type ErrorCode } from '../../core/vocabulary/errors.ts'
import { fieldsAsJson, unpackFields } from '../../core/vocabulary/fields.ts'
import { createFingerprints } from '../../core/vocabulary/fingerprint.ts'
import type { SecretRef } from '../../core/vocabulary/ref.ts'
import { uniqueRefs, type Outcome, type Outcomes, type Resolved } from '../../core/vocabulary/resolve.ts'
import { type Secret, wipeAll } from '../../core/vocabulary/secret.ts'
import type { Authenticated } from './authenticate.ts'
import type { BrokerPorts } from './ports.ts'

/** One batch of a machine. */
export interface ReadRequest {
  readonly refs: readonly string[]
  /** The versions that the machine has, by reference. */
  readonly known: ReadonlyMap<string, string>
  readonly context: Readonly<Record<string, string>>
  readonly signal: AbortSignal
}

/** A secret that was read, and the reference behind it: watched values are asked for again by it. */
export interface SecretRead {
  readonly secret: SecretRecord
  readonly ref: SecretRef
}

/** A place that the machine may read now. */
interface Allowed extends SecretRead {
  readonly text: string
  readonly place: AskedPlace
}

/**
 * Returns the function that answers a batch: grants, policy, audit, then the providers. The caller wipes the
 * values. Rejects if the store or the audit does not work: nothing was asked for then. `onRead` gets the
 * secrets of each batch with their values, before these are wiped. References above 16 MiB of values get
 * `too_large`.
 */
export function createRead(
  ports: BrokerPorts,
  onRead: (by: Authenticated, secrets: readonly SecretRead[], outcomes: Outcomes) => void,
): (by: Authenticated, request: ReadRequest) => Promise<ReadonlyMap<string, AnswerRow>> {
  const { clock, store, emit } = ports
  const fingerprints = createFingerprints(versionKeyOf(ports.keys.signing))
  /** The last failure of each secret, so that one that stays is logged once. */
  const failing = new Map<string, ErrorCode>()

  function decide(by: Authenticated, secret: SecretRecord, context: ReadRequest['context']): Verdict {
    const { id, name } = by.machine
    try {
      return ports.decide({
        machine: { id, name },
        secret,
        address: by.address,
        now: clock.now(),
        context,
      })
    } catch {
      return { isAllowed: false, policy: 'a policy that failed' }
    }
  }

  function entry(by: Authenticated, target: string, reason: string, isAllowed: boolean): AuditEntry {
    const { machine, address } = by
    const outcome = isAllowed ? 'allowed' : 'denied'
    return {
      at: clock.now(),
      actor: `machine ${machine.id}`,
      action: 'read',
      target,
      address,
      outcome,
      reason,
    }
  }

  /** Returns the places that may be read. The answers to all others are in `rows` afterwards. */
  async function select(
    by: Authenticated,
    { refs, context }: ReadRequest,
    rows: Map<string, AnswerRow>,
  ): Promise<readonly Allowed[]> {
    const asked = new Map<string, AskedPlace>()
    for (const text of refs) {
      // One value under many spellings would make a small request a large answer.
      const place = parseCanonicalPlace(text)
      if (place === undefined) rows.set(text, failed('ref_syntax'))
      else asked.set(text, place)
    }
    const granted = new Map(
      (await store.granted(by.machine.id, placesOf(asked.values()))).map((secret) => [
        formatPlace(secret),
        secret,
      ]),
    )
    const entries: AuditEntry[] = []
    const allowed: Allowed[] = []
    for (const [text, place] of asked) {
      const secret = granted.get(formatPlace({ project: place.project, name: place.name }))
      const verdict =
        secret === undefined ? { isAllowed: false, policy: 'no grant' } : decide(by, secret, context)
      entries.push(entry(by, text, verdict.policy, verdict.isAllowed))
      if (secret === undefined || !verdict.isAllowed) rows.set(text, failed('denied'))
      else addAllowed(secret, { text, place, rows, allowed })
    }
    await ports.audit(entries)
    return allowed
  }

  function addAllowed(
    secret: SecretRecord,
    to: {
      readonly text: string
      readonly place: AskedPlace
      readonly rows: Map<string, AnswerRow>
      readonly allowed: Allowed[]
    },
  ): void {
    try {
      to.allowed.push({ secret, ref: referenceOf(secret, ports.parseRef), text: to.text, place: to.place })
    } catch (thrown) {
      to.rows.set(to.text, failed(note(secret, toLocketError(thrown))))
    }
  }

  /** Logs a failure when it is new, and returns its code. The machine gets only the code. */
  function note(secret: SecretRecord, error: LocketError): ErrorCode {
    const name = formatPlace(secret)
    if (failing.get(name) !== error.code)
      emit('broker.unread', { secret: name, code: error.code, error: formatError(error) })
    if (failing.size >= MOST_NAMES) failing.clear()
    failing.set(name, error.code)
    return error.code
  }

  function answer(
    { secret, ref, text, place }: Allowed,
    outcome: Outcome | undefined,
    known?: string,
  ): AnswerRow {
    if (outcome === undefined) return failed('internal')
    if (!outcome.ok) return failed(note(secret, outcome.error))
    failing.delete(formatPlace(secret))
    try {
      return valueRow(outcome.secret, { ref, text, place, known })
    } catch (thrown) {
      return failed(toLocketError(thrown).code)
    }
  }

  /** Wipes the row that does not fit into the answer, and returns the one in its place. */
  function tooLarge(secret: SecretRecord, row: AnswerRow | undefined): AnswerRow {
    if (row?.kind === 'value') row.value.wipe()
    return failed(
      note(secret, new LocketError('too_large', 'the values of one request have more than 16 MiB')),
    )
  }

  function valueRow(
    { value, expiresAt, isFleeting }: Resolved,
    asked: Pick<Allowed, 'ref' | 'text' | 'place'> & { readonly known: string | undefined },
  ): AnswerRow {
    const own = partOf(value, asked.ref, asked.place)
    const version = fingerprints.of([[asked.text, own]])
    if (version === asked.known && isFleeting !== true) {
      own.wipe()
      return { kind: 'unchanged', version }
    }
    return {
      kind: 'value',
      value: own,
      isPacked: asked.place.isAll === true,
      version,
      ...(expiresAt === undefined ? {} : { expiresAt }),
      ...(isFleeting === undefined ? {} : { isFleeting }),
    }
  }

  return async (by, request) => {
    const rows = new Map<string, AnswerRow>()
    const allowed = await select(by, request, rows)
    const outcomes = await ports.resolve(uniqueRefs(allowed.map(({ ref }) => ref)), request.signal)
    let leftBytes = MOST_ANSWER_BYTES
    try {
      for (const one of allowed) {
        const row =
          leftBytes <= 0 ? undefined : answer(one, outcomes.get(one.ref.id), request.known.get(one.text))
        if (row?.kind === 'value') leftBytes -= row.value.byteLength
        if (row !== undefined && leftBytes >= 0) rows.set(one.text, row)
        else rows.set(one.text, tooLarge(one.secret, row))
      }
      onRead(by, allowed, outcomes)
    } finally {
      for (const outcome of outcomes.values()) if (outcome.ok) outcome.secret.value.wipe()
    }
    return rows
  }
}

const MOST_NAMES = 10_000
/** Bytes of the values of one answer. */
const MOST_ANSWER_BYTES = 16 * 1024 * 1024

/**
 * Parses the reference behind a secret. Throws `config` if it is not one, which an operator's change of the
 * configuration can cause.
 */
export function referenceOf(
  { reference }: Pick<SecretRecord, 'reference'>,
  parseRef: BrokerPorts['parseRef'],
): SecretRef {
  const ref = parseRef(reference)
  if (ref === undefined) throw new LocketError('config', `${reference} is not a reference of any provider`)
  return ref
}

/** Overwrites the values of answers. */
export function wipeAnswers(rows: ReadonlyMap<string, AnswerRow>): void {
  for (const row of rows.values()) if (row.kind === 'value') row.value.wipe()
}

/**
 * Returns a copy of the value, or of the part of it that is asked for. A secret with fields and without a
 * field in the question is a JSON object. Throws `not_found` for a field that is not there.
 */
function partOf(value: Secret, { isAll }: SecretRef, { field, isAll: wantsAll }: AskedPlace): Secret {
  if (isAll !== true) {
    if (field === undefined && wantsAll !== true) return value.copy()
    throw new LocketError('not_found', 'the secret has one value and no fields')
  }
  if (wantsAll === true) return value.copy()
  if (field === undefined) return fieldsAsJson(value)
  const fields = unpackFields(value)
  const found = fields.find(([name]) => name === field)?.[1].copy()
  wipeAll(fields.map(([, part]) => part))
  if (found === undefined) throw new LocketError('not_found', 'the secret has no such field')
  return found
}

function placesOf(asked: Iterable<AskedPlace>) {
  const byName = new Map([...asked].map(({ project, name }) => [`${project}/${name}`, { project, name }]))
  return [...byName.values()]
}

function failed(code: ErrorCode): AnswerRow {
  return { kind: 'error', code }
}
