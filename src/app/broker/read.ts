import { partOf, type AnswerRow } from '../../core/broker/answer-body.ts'
import { vaultIdOf } from '../../core/broker/identity-file.ts'
import { rawPublicKey, versionKeyOf } from '../../core/broker/keys.ts'
import { formatPlace } from '../../core/broker/place.ts'
import type { SecretRecord } from '../../core/broker/records.ts'
import { formatError, LocketError, toLocketError, type ErrorCode } from '../../core/vocabulary/errors.ts'
import { createFingerprints } from '../../core/vocabulary/fingerprint.ts'
import type { SecretRef } from '../../core/vocabulary/ref.ts'
import { uniqueRefs, type Outcome, type Outcomes, type Resolved } from '../../core/vocabulary/resolve.ts'
import { createSelection, type AllowedSecret } from './audit/selection.ts'
import type { Authenticated } from './authenticate.ts'
import { cameThrough } from './own-references.ts'
import type { BrokerPorts } from './ports.ts'

/** One batch of a machine. */
export interface ReadRequest {
  readonly refs: readonly string[]
  /** The versions that the machine has, by reference. */
  readonly known: ReadonlyMap<string, string>
  readonly context: Readonly<Record<string, string>>
  /** The brokers through which the question has come. Left out: a machine asks for itself. */
  readonly via?: readonly string[] | undefined
  readonly signal: AbortSignal
}

/** A secret that was read, and the reference behind it: watched values are asked for again by it. */
export interface SecretRead {
  readonly secret: SecretRecord
  readonly ref: SecretRef
}

/** A place that the machine may read now. */
interface Allowed extends SecretRead, AllowedSecret {}

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
  const { emit } = ports
  const selection = createSelection(ports)
  const own = vaultIdOf(rawPublicKey(ports.keys.signing))
  const fingerprints = createFingerprints(versionKeyOf(ports.keys.signing))
  /** The last failure of each secret, so that one that stays is logged once. */
  const failing = new Map<string, ErrorCode>()

  /** Parses the references behind the secrets. The answers to bad ones are in `rows` afterwards. */
  function withRefs(
    secrets: readonly AllowedSecret[],
    via: readonly string[],
    rows: Map<string, AnswerRow>,
  ): readonly Allowed[] {
    return secrets.flatMap((one) => {
      try {
        return [{ ...one, ref: cameThrough(referenceOf(one.secret, ports.parseRef), via, own) }]
      } catch (thrown) {
        rows.set(one.text, failed(note(one.secret, toLocketError(thrown))))
        return []
      }
    })
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
    const selected = await selection.select(by, request.refs, request.context)
    const rows = new Map<string, AnswerRow>()
    for (const [text, code] of selected.refused) rows.set(text, failed(code))
    const { via = [] } = request
    const allowed = withRefs(selected.allowed, via, rows)
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
      // A broker asks by the clock and does not watch.
      if (via.length === 0) onRead(by, allowed, outcomes)
      const failures = selected.allowed.flatMap((one) => {
        const row = rows.get(one.text)
        return row?.kind === 'error' ? [{ ...one, code: row.code }] : []
      })
      await selection.recordFailures(by, failures)
    } catch (thrown) {
      wipeAnswers(rows)
      throw thrown
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

/**
 * True for a reference whose value has fields. One that cannot be parsed any more counts as a single value:
 * reading it gives the error.
 */
export function hasFields(reference: string, parseRef: BrokerPorts['parseRef']): boolean {
  try {
    return referenceOf({ reference }, parseRef).isAll === true
  } catch {
    return false
  }
}

/** Overwrites the values of answers. */
export function wipeAnswers(rows: ReadonlyMap<string, AnswerRow>): void {
  for (const row of rows.values()) if (row.kind === 'value') row.value.wipe()
}

function failed(code: ErrorCode): AnswerRow {
  return { kind: 'error', code }
}
