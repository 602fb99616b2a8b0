import { LocketError, throwErrors, toLocketError } from '../../core/vocabulary/errors.ts'
import type { Clock } from '../../core/ports/clock.ts'
import type { RefId } from '../../core/vocabulary/ref.ts'
import { uniqueRefs, type Outcomes, type Resolve } from '../../core/vocabulary/resolve.ts'
import type { Secret } from '../../core/vocabulary/secret.ts'
import { collectFailures, hasDefault, renderSteps, type FailurePolicy } from '../../core/template/render.ts'
import type { Template } from '../../core/template/template.ts'
import type { Allowance } from '../../core/volume/ceilings.ts'
import { inTurns, type Steps } from '../../core/waiting/turns.ts'
import { failuresOf, fetchUntil, wipeOutcomes } from './fetch.ts'

/** A template, and the setting, flag or file that asked for it. */
export interface PreparedTemplate {
  readonly origin: string
  readonly template: Template
}

/** Returns the warnings of a template, one line each. */
export function warningsOf({ template, origin }: PreparedTemplate): string[] {
  return template.warnings.map((warning) => `${origin}: ${warning}`)
}

/** The failure policy, and how large a text may be. */
export interface RenderRules {
  readonly policy: FailurePolicy
  /** Largest rendered text in bytes. */
  readonly maxFileBytes: number
  /** Counts the files of a volume. Undefined: there is no limit for all files together. */
  readonly allowance?: Allowance
  /** See FetchOptions. */
  readonly awaitsCredentials?: boolean
}

/** Rendered templates, in memory. The holder must call `wipe`. */
export interface Rendered<T> {
  /** Contents in the order of the templates, without those that the policy `ignore` leaves out. */
  readonly contents: ReadonlyMap<T, Secret>
  /** The failures that the policy tolerates. */
  readonly unresolved: LocketError | undefined
  /** Templates with a reference whose failure the policy tolerates, whether or not they have contents. */
  readonly incomplete: ReadonlySet<T>
  wipe(): void
}

/**
 * Fetches all references of all templates as one batch and renders in memory. Nothing is written. Throws one
 * error that names every failed reference, or every template whose rendering failed.
 */
export async function renderTemplates<T extends PreparedTemplate>(
  templates: readonly T[],
  resolve: Resolve,
  rules: RenderRules,
  { clock }: { readonly clock: Clock },
  signal: AbortSignal,
): Promise<Rendered<T>> {
  const refs = uniqueRefs(templates.flatMap(({ template }) => template.refs))
  const outcomes = await fetchUntil(refs, resolve, {
    optional: optionalRefs(templates),
    clock,
    signal,
    awaitsCredentials: rules.awaitsCredentials,
  })
  try {
    return await inTurns(renderAll(templates, outcomes, rules, clock.now()), clock)
  } finally {
    wipeOutcomes(outcomes)
  }
}

function* renderAll<T extends PreparedTemplate>(
  templates: readonly T[],
  outcomes: Outcomes,
  { policy, maxFileBytes, allowance }: RenderRules,
  now: number,
): Steps<Rendered<T>> {
  const failures = collectFailures(
    templates.map(({ template }) => template),
    outcomes,
  )
  const unresolved = failuresOf(failures)
  if (unresolved !== undefined && policy === 'error') throw unresolved
  const incomplete = new Set(
    unresolved === undefined
      ? []
      : templates.filter(({ template }) => collectFailures([template], outcomes).length > 0),
  )
  const contents = new Map<T, Secret>()
  const copies = new Map<RefId, Secret>()
  const wipe = () => contents.forEach((content) => content.wipe())
  try {
    const errors: LocketError[] = []
    for (const prepared of templates) {
      const { template, origin } = prepared
      const allot = (bytes: number): void => allowance?.addFile(origin, bytes)
      const value = wholeValue(template, outcomes)
      const copy = value && copies.get(value)
      try {
        if (copy !== undefined) allot(copy.byteLength)
        const options = { policy, now, origin, maxBytes: maxFileBytes, allot }
        const content = copy ?? (yield* renderSteps(template, outcomes, options))
        if (content === undefined) continue
        contents.set(prepared, content)
        if (value !== undefined) copies.set(value, content)
      } catch (thrown) {
        // Once a ceiling is reached, every further file would fail for the same reason.
        allowance?.check()
        errors.push(toLocketError(thrown))
      }
      yield
    }
    throwErrors(errors)
    return { contents, unresolved, incomplete, wipe }
  } catch (error) {
    wipe()
    throw error
  }
}

/**
 * Returns the reference of a template that is one value and nothing else, if it has a value. All files of one value share its
 * bytes: four thousand of them take the memory of one.
 */
function wholeValue({ segments }: Template, outcomes: Outcomes): RefId | undefined {
  const [segment] = segments
  if (segments.length !== 1 || segment?.kind !== 'secret' || segment.filters.length > 0) return undefined
  return outcomes.get(segment.ref.id)?.ok === true ? segment.ref.id : undefined
}

/** Returns the references that may be missing wherever they occur. */
function optionalRefs(templates: readonly PreparedTemplate[]): ReadonlySet<RefId> {
  const optional = new Set(templates.flatMap(({ template }) => template.refs.map((ref) => ref.id)))
  for (const segment of templates.flatMap(({ template }) => template.segments))
    if (segment.kind === 'secret' && !hasDefault(segment)) optional.delete(segment.ref.id)
  return optional
}
