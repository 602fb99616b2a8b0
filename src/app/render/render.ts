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
import type { PreparedTemplate, Recipe } from '../recipe/recipe.ts'
import { openDeadline } from './deadline.ts'
import { failuresOf, fetchUntil, wipeOutcomes } from './fetch.ts'

export interface RenderRules {
  readonly policy: FailurePolicy
  /** Largest rendered text, in bytes. */
  readonly maxFileBytes: number
  /** See FetchOptions. */
  readonly awaitsCredentials?: boolean
}

export interface RenderRequest extends RenderRules {
  readonly resolve: Resolve
  readonly clock: Clock
  readonly signal: AbortSignal
  /** For all providers together; left out: until `signal` aborts. */
  readonly timeoutMs?: number
}

/** What templates became, in memory. The caller must call `wipe`. */
export interface Rendered<T> {
  /** In the order of the templates. Templates that the policy `ignore` leaves out are missing. */
  readonly contents: ReadonlyMap<T, Secret>
  /** The failures that the policy let pass. */
  readonly unresolved: LocketError | undefined
  /** Templates with a reference whose failure the policy tolerates, whether or not they have contents. */
  readonly incomplete: ReadonlySet<T>
  wipe(): void
}

/**
 * Fetches all references of all templates as one batch and renders in memory. Nothing is written. Throws one
 * error that names all that failed.
 */
export async function render<T extends PreparedTemplate>(
  { templates }: Pick<Recipe<T>, 'templates'>,
  options: RenderRequest,
): Promise<Rendered<T>> {
  const { resolve, clock, timeoutMs, awaitsCredentials } = options
  using deadline = timeoutMs === undefined ? undefined : openDeadline(timeoutMs, clock, options.signal)
  const signal = deadline?.signal ?? options.signal
  const refs = uniqueRefs(templates.flatMap(({ template }) => template.refs))
  const optional = optionalRefs(templates)
  const outcomes = await fetchUntil(refs, resolve, { optional, clock, signal, awaitsCredentials })
  try {
    return renderAll(templates, outcomes, options, clock.now())
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

/** References that may be missing: each of their tags has a default. */
function optionalRefs(templates: readonly PreparedTemplate[]): ReadonlySet<RefId> {
  const optional = new Set(templates.flatMap(({ template }) => template.refs.map((ref) => ref.id)))
  for (const segment of templates.flatMap(({ template }) => template.segments))
    if (segment.kind === 'secret' && !hasDefault(segment)) optional.delete(segment.ref.id)
  return optional
}
