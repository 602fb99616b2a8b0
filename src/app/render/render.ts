import { LocketError, throwErrors, toLocketError } from '../../core/vocabulary/errors.ts'
import type { Clock } from '../../core/ports/clock.ts'
import type { RefId } from '../../core/vocabulary/ref.ts'
import { uniqueRefs, type Outcomes, type Resolve } from '../../core/vocabulary/resolve.ts'
import type { Secret } from '../../core/vocabulary/secret.ts'
import {
  collectFailures,
  hasDefault,
  renderTemplate,
  type FailurePolicy,
} from '../../core/template/render.ts'
import type { Template } from '../../core/template/template.ts'
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
    return renderAll(templates, outcomes, rules, clock.now())
  } finally {
    wipeOutcomes(outcomes)
  }
}

function renderAll<T extends PreparedTemplate>(
  templates: readonly T[],
  outcomes: Outcomes,
  { policy, maxFileBytes }: RenderRules,
  now: number,
): Rendered<T> {
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
  const wipe = () => contents.forEach((content) => content.wipe())
  try {
    const errors: LocketError[] = []
    for (const prepared of templates) {
      const { template, origin } = prepared
      try {
        const content = renderTemplate(template, outcomes, { policy, now, origin })
        if (content === undefined) continue
        contents.set(prepared, content)
        checkSize(content, origin, maxFileBytes)
      } catch (thrown) {
        errors.push(toLocketError(thrown))
      }
    }
    throwErrors(errors)
    return { contents, unresolved, incomplete, wipe }
  } catch (error) {
    wipe()
    throw error
  }
}

function checkSize({ byteLength }: Secret, origin: string, maxFileBytes: number): void {
  if (byteLength <= maxFileBytes) return
  throw new LocketError(
    'too_large',
    `the rendered file has ${byteLength} bytes, max-file-size is ${maxFileBytes}`,
    { hint: 'raise max-file-size', facts: { origin } },
  )
}

/** Returns the references that may be missing wherever they occur. */
function optionalRefs(templates: readonly PreparedTemplate[]): ReadonlySet<RefId> {
  const optional = new Set(templates.flatMap(({ template }) => template.refs.map((ref) => ref.id)))
  for (const segment of templates.flatMap(({ template }) => template.segments))
    if (segment.kind === 'secret' && !hasDefault(segment)) optional.delete(segment.ref.id)
  return optional
}
