import type { LocketError } from '../../core/vocabulary/errors.ts'
import type { SecretRef } from '../../core/vocabulary/ref.ts'
import { uniqueRefs, type Outcomes } from '../../core/vocabulary/resolve.ts'
import type { SecretSegment } from '../../core/template/render.ts'
import type { LeaseCalls } from '../../providers/define.ts'
import { leasesOf } from '../access/value-cache.ts'
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

/** The ports of a question for variables. */
interface AskPorts extends Pick<Machine, 'clock' | 'resolve'> {
  /** Returns the calls for the leases of the provider of a reference. */
  readonly leasesOf: (provider: string) => Pick<LeaseCalls, 'revoke'>
}

/**
 * Asks all providers for the references of the variables, once for each reference, wipes the answers and
 * revokes the leases that came with them. Waits at most 30 s. Rejects when `signal` aborts.
 */
export async function askForVariables(
  variables: readonly PreparedVariable[],
  signal: AbortSignal,
  { clock, resolve, leasesOf: callsOf }: AskPorts,
): Promise<readonly VariableState[]> {
  using deadline = openDeadline(RENDER_TIMEOUT_MS, clock, signal)
  const wanted = variables.flatMap((variable) => segmentsOf(variable).map(({ ref }) => ref))
  const refs = uniqueRefs(wanted)
  const outcomes = await answerOrDeadline(refs, resolve, deadline.signal)
  wipeOutcomes(outcomes)
  await revokeAll(refs, outcomes, callsOf)
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

/** Revokes the leases of the answers. One that cannot be revoked in 5 s ends by itself. */
async function revokeAll(
  refs: readonly SecretRef[],
  outcomes: Outcomes,
  callsOf: AskPorts['leasesOf'],
): Promise<void> {
  const signal = AbortSignal.timeout(REVOKE_MS)
  const owed = [...Map.groupBy(refs, ({ provider }) => provider)].flatMap(([provider, own]) => {
    const leases = leasesOf(own.flatMap(({ id }) => outcomes.get(id) ?? []))
    return leases.map(async ({ id }) => callsOf(provider).revoke(id, signal))
  })
  await Promise.allSettled(owed)
}

const REVOKE_MS = 5000

function segmentsOf({ template }: PreparedVariable): readonly SecretSegment[] {
  return template.segments.filter((segment) => segment.kind === 'secret')
}
