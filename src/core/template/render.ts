import { addFacts, LocketError, rewordError, throwErrors, toLocketError } from '../vocabulary/errors.ts'
import { DEFAULT_FILTER } from '../filters/default.ts'
import { bytesOf } from '../filters/define.ts'
import { FILTERS } from '../filters/index.ts'
import type { RefId, SecretRef } from '../vocabulary/ref.ts'
import type { Outcome, Outcomes } from '../vocabulary/resolve.ts'
import { Secret } from '../vocabulary/secret.ts'
import type { FilterCall, Segment, Template } from './template.ts'

/**
 * Treatment of references without a value: `error` throws, `passthrough` writes the tag unchanged, `ignore`
 * leaves the whole file out.
 */
export type FailurePolicy = 'error' | 'passthrough' | 'ignore'

/** Options of a rendering. */
export interface RenderOptions {
  readonly policy: FailurePolicy
  /** The current time for one-time codes, in milliseconds since the epoch. */
  readonly now: number
  /** Names the template in messages. */
  readonly origin: string
}

/** A reference without a value, and the error that is the reason. */
export interface ReferenceFailure {
  readonly ref: SecretRef
  readonly error: LocketError
}

/** A tag of a template: a reference and its filters. */
export type SecretSegment = Extract<Segment, { kind: 'secret' }>

/** True when the tag has a default, so its secret need not exist. */
export function hasDefault({ filters }: SecretSegment): boolean {
  return filters.some((filter) => filter.name === DEFAULT_FILTER)
}

/**
 * Returns the references of all templates that have no value, each once, in the order in which they appear. A
 * reference is left out when its secret does not exist and all of its tags have a default.
 */
export function collectFailures(
  templates: readonly Template[],
  outcomes: Outcomes,
): readonly ReferenceFailure[] {
  const failures = new Map<RefId, ReferenceFailure>()
  for (const segment of templates.flatMap((template) => template.segments)) {
    if (segment.kind === 'text' || failures.has(segment.ref.id)) continue
    const error = failureOf(segment, outcomes)
    if (error !== undefined) failures.set(segment.ref.id, { ref: segment.ref, error })
  }
  return [...failures.values()]
}

/**
 * Returns the rendered text, or undefined when the policy `ignore` leaves the file out. The caller must wipe
 * it, and also the outcomes, which are not changed. Throws the failed references under the policy `error`. A
 * filter that fails is thrown under every policy, because there is no value that could replace its result.
 */
export function renderTemplate(
  template: Template,
  outcomes: Outcomes,
  options: RenderOptions,
): Secret | undefined {
  const failures = collectFailures([template], outcomes)
  if (options.policy === 'error')
    throwErrors(failures.map((failure) => failureError(failure, options.origin)))
  if (options.policy === 'ignore' && failures.length > 0) return undefined
  return renderParts(template, outcomes, options)
}

function renderParts(template: Template, outcomes: Outcomes, { now, origin }: RenderOptions): Secret {
  const scratch: Uint8Array[] = []
  const errors: LocketError[] = []
  try {
    const parts: Uint8Array[] = []
    for (const segment of template.segments) {
      if (segment.kind === 'text') {
        parts.push(segment.bytes)
        continue
      }
      try {
        parts.push(renderTag(segment, outcomes, now, scratch))
      } catch (thrown) {
        errors.push(filterError(segment, toLocketError(thrown), origin))
      }
    }
    throwErrors(errors)
    return new Secret(concat(parts))
  } finally {
    for (const buffer of scratch) buffer.fill(0)
  }
}

function failureOf(segment: SecretSegment, outcomes: Outcomes): LocketError | undefined {
  const outcome = outcomeOf(segment, outcomes)
  if (outcome.ok || defaultIn(segment, outcome) !== -1) return undefined
  return outcome.error
}

function outcomeOf({ ref }: SecretSegment, outcomes: Outcomes): Outcome {
  const outcome = outcomes.get(ref.id)
  if (outcome !== undefined) return outcome
  return { ok: false, error: notAsked(ref) }
}

function notAsked({ text }: SecretRef): LocketError {
  const facts = { references: [text] }
  return new LocketError('internal', `no provider was asked for ${text}`, { facts, names: ['references'] })
}

/** Returns the index of the `default` filter when the secret does not exist, else -1. */
function defaultIn({ filters }: SecretSegment, outcome: Outcome): number {
  if (outcome.ok || outcome.error.code !== 'not_found') return -1
  return filters.findIndex((filter) => filter.name === DEFAULT_FILTER)
}

/** Returns bytes that the caller must copy. Buffers that filters make are added to `scratch`, to be wiped. */
function renderTag(
  segment: SecretSegment,
  outcomes: Outcomes,
  nowMs: number,
  scratch: Uint8Array[],
): Uint8Array {
  const outcome = outcomeOf(segment, outcomes)
  const at = defaultIn(segment, outcome)
  if (!outcome.ok && at === -1) return bytesOf(segment.raw)
  const owned = outcome.ok ? outcome.secret.value.reveal() : bytesOf(segment.filters[at]?.args[0] ?? '')
  let value = owned
  for (const call of segment.filters.slice(at + 1)) {
    value = applyFilter(call, value, nowMs)
    // A filter may return a part of its input. That buffer belongs to the outcome, so it is not wiped here.
    if (value.buffer !== owned.buffer) scratch.push(value)
  }
  return value
}

function applyFilter({ name, args }: FilterCall, value: Uint8Array, nowMs: number): Uint8Array {
  const filter = FILTERS.get(name)
  if (filter === undefined) throw new LocketError('internal', `there is no filter ${name}`)
  try {
    return filter.apply(value, args, { nowMs })
  } catch (thrown) {
    const error = toLocketError(thrown)
    throw rewordError(error, `filter ${name}: ${error.reason}`)
  }
}

function filterError({ ref, line, column }: SecretSegment, error: LocketError, origin: string): LocketError {
  return addFacts(error, { origin, line, column, references: [ref.text] })
}

function failureError({ ref, error }: ReferenceFailure, origin: string): LocketError {
  return addFacts(error, { origin, references: [ref.text] })
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.byteLength, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.byteLength
  }
  return whole
}
