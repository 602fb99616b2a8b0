import { addFacts, LocketError, rewordError, throwErrors, toLocketError } from '../vocabulary/errors.ts'
import { DEFAULT_FILTER } from '../filters/default.ts'
import { bytesOf } from '../filters/define.ts'
import { FILTERS } from '../filters/index.ts'
import type { RefId, SecretRef } from '../vocabulary/ref.ts'
import type { Outcome, Outcomes } from '../vocabulary/resolve.ts'
import { Secret } from '../vocabulary/secret.ts'
import type { FilterCall, Segment, Template } from './template.ts'

/** What a reference that failed does: `error` throws, `passthrough` writes its tag as it stands, `ignore` leaves the file out. */
export type FailurePolicy = 'error' | 'passthrough' | 'ignore'

export interface RenderOptions {
  readonly policy: FailurePolicy
  /** Milliseconds since the epoch, for one-time codes. */
  readonly now: number
  /** Names the template in messages. */
  readonly origin: string
}

/** A reference without a value, and why. */
export interface ReferenceFailure {
  readonly ref: SecretRef
  readonly error: LocketError
}

export type SecretSegment = Extract<Segment, { kind: 'secret' }>

/** Its secret need not exist. */
export function hasDefault({ filters }: SecretSegment): boolean {
  return filters.some((filter) => filter.name === DEFAULT_FILTER)
}

/** Every distinct reference of all templates that has no value, unless each of its tags that needs one has a default. In order. */
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
 * The file, or undefined when `ignore` leaves it out. The caller wipes it, and the outcomes, which stay untouched.
 * Throws what failed under `error`; a filter that fails is thrown under every policy: what it was given is no value to guess at.
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
  return new LocketError('internal', `nobody was asked for ${text}`, { facts, names: ['references'] })
}

/** Where the filters of a tag without a value begin: at its default, when the secret does not exist; else -1. */
function defaultIn({ filters }: SecretSegment, outcome: Outcome): number {
  if (outcome.ok || outcome.error.code !== 'not_found') return -1
  return filters.findIndex((filter) => filter.name === DEFAULT_FILTER)
}

/** Bytes that the caller copies. What is made on the way is added to `scratch`, to be wiped. */
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
    // A filter may answer with a part of what it was given, which is the caller's.
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
