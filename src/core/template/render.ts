import { addFacts, LocketError, rewordError, throwErrors, toLocketError } from '../vocabulary/errors.ts'
import { DEFAULT_FILTER } from '../filters/default.ts'
import { applyFilter, bytesOf } from '../filters/define.ts'
import { FILTERS } from '../filters/index.ts'
import type { RefId, SecretRef } from '../vocabulary/ref.ts'
import type { Outcome, Outcomes } from '../vocabulary/resolve.ts'
import { Secret } from '../vocabulary/secret.ts'
import { formatSize } from '../text/units.ts'
import type { Steps } from '../waiting/turns.ts'
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
  /** Largest file, and largest result of a filter, in bytes. */
  readonly maxBytes: number
  /** Called with the size of the file before its memory is allocated. It may throw. */
  readonly allot?: ((bytes: number) => void) | undefined
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
 * Throws `too_large` before the memory is allocated.
 */
export function* renderSteps(
  template: Template,
  outcomes: Outcomes,
  options: RenderOptions,
): Steps<Secret | undefined> {
  const failures = collectFailures([template], outcomes)
  if (options.policy === 'error')
    throwErrors(failures.map((failure) => failureError(failure, options.origin)))
  if (options.policy === 'ignore' && failures.length > 0) return undefined
  return yield* renderParts(template, outcomes, options)
}

function* renderParts(template: Template, outcomes: Outcomes, options: RenderOptions): Steps<Secret> {
  const { origin, maxBytes, allot } = options
  const scratch: Uint8Array[] = []
  const errors: LocketError[] = []
  try {
    const parts: Uint8Array[] = []
    let length = 0
    for (const segment of template.segments) {
      try {
        const part =
          segment.kind === 'text' ? segment.bytes : yield* renderTag(segment, outcomes, options, scratch)
        length += part.byteLength
        parts.push(part)
      } catch (thrown) {
        if (segment.kind === 'text') throw thrown
        errors.push(filterError(segment, toLocketError(thrown), origin))
      }
      if (length > maxBytes) throw addFacts(tooLarge(maxBytes), { origin })
      yield
    }
    throwErrors(errors)
    allot?.(length)
    return new Secret(yield* concat(parts, length))
  } finally {
    for (const buffer of scratch) buffer.fill(0)
  }
}

function tooLarge(maxBytes: number): LocketError {
  const reason = `the rendered file is larger than max-file-size, which is ${formatSize(maxBytes)}`
  return new LocketError('too_large', reason, { hint: 'raise max-file-size' })
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

/**
 * Returns bytes that the caller copies. Adds to `scratch` the bytes that filters made of them and that the
 * caller must wipe.
 */
function* renderTag(
  segment: SecretSegment,
  outcomes: Outcomes,
  { now, maxBytes }: RenderOptions,
  scratch: Uint8Array[],
): Steps<Uint8Array> {
  const outcome = outcomeOf(segment, outcomes)
  const at = defaultIn(segment, outcome)
  if (!outcome.ok && at === -1) return bytesOf(segment.raw)
  const owned = outcome.ok ? outcome.secret.value.reveal() : bytesOf(segment.filters[at]?.args[0] ?? '')
  let value = owned
  let made: Uint8Array[] = []
  try {
    for (const call of segment.filters.slice(at + 1)) {
      value = callFilter(call, value, now, maxBytes)
      // A filter can return a part of its input, which may be the caller's.
      if (value.buffer !== owned.buffer) made.push(value)
      made = dropOthers(made, value)
      if (value.byteLength > maxBytes) throw tooLarge(maxBytes)
      yield
    }
    return value
  } finally {
    scratch.push(...made)
  }
}

/** Wipes the inputs of earlier filters, so that a chain of filters holds the memory of one. */
function dropOthers(made: readonly Uint8Array[], value: Uint8Array): Uint8Array[] {
  return made.filter((bytes) => {
    const isUsed = bytes.buffer === value.buffer
    if (!isUsed) bytes.fill(0)
    return isUsed
  })
}

function callFilter(
  { name, args }: FilterCall,
  value: Uint8Array,
  nowMs: number,
  maxBytes: number,
): Uint8Array {
  const filter = FILTERS.get(name)
  if (filter === undefined) throw new LocketError('internal', `there is no filter ${name}`)
  try {
    return applyFilter(filter, value, args, { nowMs, maxBytes })
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

function* concat(parts: readonly Uint8Array[], length: number): Steps<Uint8Array> {
  const whole = new Uint8Array(length)
  let at = 0
  try {
    for (const part of parts) {
      whole.set(part, at)
      at += part.byteLength
      yield
    }
    return whole
  } finally {
    // The steps can be ended before the last one.
    if (at < length) whole.fill(0)
  }
}
