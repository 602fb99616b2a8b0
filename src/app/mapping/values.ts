import type { LocketError } from '../../core/vocabulary/errors.ts'
import { uniqueRefs } from '../../core/vocabulary/resolve.ts'
import type { SecretSegment } from '../../core/template/render.ts'
import type { Machine } from '../machine.ts'
import type { PreparedVariable } from '../recipe/environment.ts'
import { openDeadline, RENDER_TIMEOUT_MS } from '../render/deadline.ts'
import { answerOrDeadline, wipeOutcomes } from '../render/fetch.ts'

/** Whether a variable has a value. It never holds the value. */
export interface VariableState {
  readonly name: string
  /** The references of the variable, as they are written. */
  readonly references: readonly string[]
  /** Why there is no value, one for each reference; empty: there is one. */
  readonly errors: readonly LocketError[]
}

/**
 * Asks all providers for the references of the variables, once for each reference, and wipes the answers.
 * Waits at most 30 s. Rejects when `signal` aborts.
 */
export async function askForVariables(
  variables: readonly PreparedVariable[],
  signal: AbortSignal,
  { clock, resolve }: Pick<Machine, 'clock' | 'resolve'>,
): Promise<readonly VariableState[]> {
  using deadline = openDeadline(RENDER_TIMEOUT_MS, clock, signal)
  const wanted = variables.flatMap((variable) => segmentsOf(variable).map(({ ref }) => ref))
  const refs = uniqueRefs(wanted)
  const outcomes = await answerOrDeadline(refs, resolve, deadline.signal)
  wipeOutcomes(outcomes)
  signal.throwIfAborted()
  return variables.map((variable) => {
    const segments = segmentsOf(variable)
    const errors = segments.flatMap(({ ref }) => {
      const outcome = outcomes.get(ref.id)
      return outcome?.ok === false ? outcome.error : []
    })
    return { name: variable.name, references: segments.map(({ ref }) => ref.text), errors }
  })
}

function segmentsOf({ template }: PreparedVariable): readonly SecretSegment[] {
  return template.segments.filter((segment) => segment.kind === 'secret')
}
