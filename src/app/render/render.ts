import { LocketError, throwErrors, toLocketError } from '../../core/vocabulary/errors.ts'
import type { Clock } from '../../core/ports/clock.ts'
import type { Emit } from '../../core/ports/events.ts'
import type { RefId } from '../../core/vocabulary/ref.ts'
import { uniqueRefs, type Outcome, type Outcomes, type Resolve } from '../../core/vocabulary/resolve.ts'
import type { Secret } from '../../core/vocabulary/secret.ts'
import {
  collectFailures,
  hasDefault,
  renderSteps,
  type FailurePolicy,
  type ReferenceFailure,
} from '../../core/template/render.ts'
import { dependsOnTime } from '../../core/template/fingerprint.ts'
import type { Template } from '../../core/template/template.ts'
import type { Allowance } from '../../core/volume/ceilings.ts'
import { inTurns, type Steps } from '../../core/waiting/turns.ts'
import type { PreparedTemplate, Recipe } from '../recipe/recipe.ts'
import { openDeadline } from './deadline.ts'
import { announceWait, type WaitState } from './announce-wait.ts'
import { failuresOf, fetchUntil, wipeOutcomes, type FetchOptions } from './fetch.ts'
import { spread } from './spread.ts'

/** The rules for rendering: failure policy and limits. */
interface RenderRules {
  readonly policy: FailurePolicy
  /** Largest rendered text, in bytes. */
  readonly maxFileBytes: number
  /** Counts the files of a volume. Undefined: there is no limit for all files together. */
  readonly allowance?: Allowance
  /** See FetchOptions. Left out: no credential file is waited for, because a person waits for the command. */
  readonly awaitsCredential?: FetchOptions['awaitsCredential']
  /** See FetchOptions. */
  readonly asksOnce?: boolean
}

/** The rules for one rendering, and the ports that it needs. */
export interface RenderRequest extends RenderRules {
  readonly resolve: Resolve
  readonly clock: Clock
  readonly signal: AbortSignal
  /** For all providers together; left out: until `signal` aborts. */
  readonly timeoutMs?: number
  /** Reports a long wait, if there is a `timeoutMs`. Left out: nobody is looking. */
  readonly emit?: Emit
}

/** Rendered templates in memory. The caller must call `wipe`. */
export interface Rendered<T> {
  /** The templates of the recipe, with one in place of each field of a `*` reference. */
  readonly templates: readonly T[]
  /** In the order of the templates. Templates that the policy `ignore` leaves out are missing. */
  readonly contents: ReadonlyMap<T, Secret>
  /** The failures that the policy let pass. */
  readonly unresolved: LocketError | undefined
  /** Templates with a reference whose failure the policy tolerates, whether or not they have contents. */
  readonly incomplete: ReadonlySet<T>
  /**
   * When the first of the values without a lease expires, in milliseconds since the epoch. Undefined: none
   * does. Leases are renewed by their holder.
   */
  readonly expiresAt?: number | undefined
  /** True: everything has a value, and nothing changes unless a secret is changed at its provider. */
  readonly isSteady?: boolean
  wipe(): void
}

/**
 * Fetches all references of all templates as one batch and renders in memory. Nothing is written. Throws one
 * error that names all that failed.
 */
export async function render<T extends PreparedTemplate>(
  recipe: Pick<Recipe<T>, 'templates' | 'spread'>,
  options: RenderRequest,
): Promise<Rendered<T>> {
  const { templates } = recipe
  const { resolve, clock, timeoutMs, awaitsCredential = () => false, asksOnce } = options
  using deadline = timeoutMs === undefined ? undefined : openDeadline(timeoutMs, clock, options.signal)
  const signal = deadline?.signal ?? options.signal
  const refs = uniqueRefs(templates.flatMap(({ template }) => template.refs))
  const optional = optionalRefs(templates)
  let wait: WaitState = { providers: [...new Set(refs.map((ref) => ref.provider))], error: undefined }
  using _announced = announced(options, () => wait)
  const onRetry = (state: WaitState) => void (wait = state)
  const outcomes = new Map<RefId, Outcome>(
    await fetchUntil(refs, resolve, { optional, clock, signal, awaitsCredential, asksOnce, onRetry }),
  )
  try {
    const mayGoOn = options.allowance && limitOf(clock, signal)
    return await inTurns(renderAll(recipe, outcomes, options, clock.now()), clock, mayGoOn)
  } finally {
    wipeOutcomes(outcomes)
  }
}

function announced(
  { clock, emit, timeoutMs }: RenderRequest,
  state: () => WaitState,
): Disposable | undefined {
  return emit === undefined || timeoutMs === undefined
    ? undefined
    : announceWait({ clock, emit, timeoutMs, state })
}

/** For all files of a volume, after their values were fetched. Filters over large values can take long. */
const LONGEST_RENDERING_MS = 10_000

/**
 * Returns a function that throws when the rendering of a volume has to end: nobody waits for it any more, or
 * it takes too long. A deadline that is over already is not looked at: a failure policy used it up.
 */
function limitOf(clock: Clock, signal: AbortSignal): () => void {
  const start = clock.elapsed()
  const wasOver = signal.aborted
  return () => {
    if (!wasOver) signal.throwIfAborted()
    if (clock.elapsed() - start < LONGEST_RENDERING_MS) return
    throw new LocketError('timeout', `rendering took longer than ${LONGEST_RENDERING_MS / 1000} s`, {
      hint: 'use fewer filters, or smaller values',
    })
  }
}

/** Adds to `outcomes` the fields of `*` references. */
function* renderAll<T extends PreparedTemplate>(
  recipe: Pick<Recipe<T>, 'templates' | 'spread'>,
  outcomes: Map<RefId, Outcome>,
  { policy, maxFileBytes, allowance }: RenderRules,
  now: number,
): Steps<Rendered<T>> {
  const failures = collectFailures(
    recipe.templates.map(({ template }) => template),
    outcomes,
  )
  const unresolved = failuresOf(failures)
  if (unresolved !== undefined && policy === 'error') throw unresolved
  if (policy === 'passthrough') refuseUnknownFields(failures)
  const templates = spread(recipe, outcomes, allowance)
  const incomplete = new Set(
    unresolved === undefined
      ? []
      : templates.filter(({ template }) => collectFailures([template], outcomes).length > 0),
  )
  const expiresAt = firstExpiry(outcomes)
  const contents = new Map<T, Secret>()
  const copies = new Map<RefId, Secret>()
  const wipe = () => contents.forEach((content) => content.wipe())
  let isDone = false
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
    isDone = true
    const isSteady = unresolved === undefined && !templates.some(changesByItself) && !hasFleeting(outcomes)
    return { templates, contents, unresolved, incomplete, expiresAt, isSteady, wipe }
  } finally {
    if (!isDone) wipe()
  }
}

function changesByItself({ template }: PreparedTemplate): boolean {
  return dependsOnTime(template)
}

function hasFleeting(outcomes: ReadonlyMap<RefId, Outcome>): boolean {
  return [...outcomes.values()].some((outcome) => outcome.ok && outcome.secret.isFleeting === true)
}

function firstExpiry(outcomes: ReadonlyMap<RefId, Outcome>): number | undefined {
  const times = [...outcomes.values()].flatMap((outcome) =>
    outcome.ok && outcome.secret.lease === undefined ? (outcome.secret.expiresAt ?? []) : [],
  )
  return times.length === 0 ? undefined : Math.min(...times)
}

/**
 * Throws for each `*` reference without a value: there is no field whose file or variable could get the tag
 * as text.
 */
function refuseUnknownFields(failures: readonly ReferenceFailure[]): void {
  const unknown = failuresOf(failures.filter(({ ref }) => ref.isAll === true))
  if (unknown !== undefined) throw unknown
}

/**
 * Returns the reference of a template that is one value and nothing else, if there is a value. All files of
 * one value share its bytes: a thousand of them take the memory of one.
 */
function wholeValue({ segments }: Template, outcomes: Outcomes): RefId | undefined {
  const [segment] = segments
  if (segments.length !== 1 || segment?.kind !== 'secret' || segment.filters.length > 0) return undefined
  return outcomes.get(segment.ref.id)?.ok === true ? segment.ref.id : undefined
}

/** References that may be missing: each of their tags has a default. */
function optionalRefs(templates: readonly PreparedTemplate[]): ReadonlySet<RefId> {
  const optional = new Set(templates.flatMap(({ template }) => template.refs.map((ref) => ref.id)))
  for (const segment of templates.flatMap(({ template }) => template.segments))
    if (segment.kind === 'secret' && !hasDefault(segment)) optional.delete(segment.ref.id)
  return optional
}
