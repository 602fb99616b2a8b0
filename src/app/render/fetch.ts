import {
  addFacts,
  combineErrors,
  formatError,
  LocketError,
  isRetryable,
} from '../../core/vocabulary/errors.ts'
import type { Clock } from '../../core/ports/clock.ts'
import { isPatient } from '../../core/waiting/patience.ts'
import type { RefId, SecretRef } from '../../core/vocabulary/ref.ts'
import type { Outcome, Outcomes, Resolve } from '../../core/vocabulary/resolve.ts'
import type { WaitState } from './announce-wait.ts'
import type { ReferenceFailure } from '../../core/template/render.ts'

/**
 * Milliseconds between two attempts. Providers retry by themselves: more attempts would flood one that is
 * starting.
 */
const PAUSE_MS = 2000

/** How long and for what a fetch waits. */
export interface FetchOptions {
  /** References that may be missing, because each of their tags has a default. */
  readonly optional: ReadonlySet<RefId>
  readonly clock: Clock
  /** Its abort is the deadline. */
  readonly signal: AbortSignal
  /** True: the missing credential file of this error may still come. See `mayCredentialCome`. */
  readonly awaitsCredential: (error: LocketError) => boolean
  /** True: a reference that failed is not asked for again, because the caller tries again by itself. */
  readonly asksOnce?: boolean | undefined
  /** Is called before each pause, with the references that failed. */
  readonly onRetry?: (state: WaitState) => void
}

/**
 * Fetches one batch, then again the references whose failure is retryable: every two seconds, or later when
 * the provider says so, until the deadline. It waits because the engine mounts only once after a reboot: a
 * container whose mount failed stays down. A patient fetch has no deadline and asks once, because its caller
 * tries again by itself. Returns the last outcome of each reference; never rejects because of the deadline.
 * The caller must wipe the values.
 */
export async function fetchUntil(
  refs: readonly SecretRef[],
  resolve: Resolve,
  { optional, clock, signal, awaitsCredential, asksOnce = false, onRetry }: FetchOptions,
): Promise<Outcomes> {
  const outcomes = new Map<RefId, Outcome>()
  let wanted = refs
  while (wanted.length > 0) {
    for (const [id, outcome] of await answerOrDeadline(wanted, resolve, signal)) {
      outcomes.set(id, keepCause(outcomes.get(id), outcome))
    }
    const failed = wanted.filter((ref) => !isSettled(outcomes.get(ref.id), optional.has(ref.id)))
    if (
      signal.aborted ||
      isPatient(signal) ||
      asksOnce ||
      failed.some((ref) => !canWaitFor(outcomes.get(ref.id), awaitsCredential))
    )
      return outcomes
    wanted = failed
    if (wanted.length === 0) return outcomes
    onRetry?.(waitState(wanted, outcomes))
    await pause(pauseBefore(wanted, outcomes), clock, signal)
    if (signal.aborted) return outcomes
  }
  return outcomes
}

/**
 * Returns one error for all failed references, or undefined when there is none. References with the same
 * cause share one line: `op://v/i/a and op://v/i/b: op-connect at http://c is failing`.
 */
export function failuresOf(failed: readonly ReferenceFailure[]): LocketError | undefined {
  const groups = Map.groupBy(failed, ({ ref, error }) => `${ref.provider} ${formatError(error)}`)
  const [first, ...others] = [...groups.values()].flatMap(([lead, ...rest]) => {
    if (lead === undefined) return []
    const references = [lead, ...rest].map(({ ref }) => ref.text)
    return addFacts(lead.error, { references, provider: lead.ref.provider })
  })
  return first === undefined ? undefined : combineErrors([first, ...others])
}

/**
 * Fetches one batch. A provider that ignores the signal gets a `timeout` for its references, so that it
 * cannot hold the volume's lock. Values that arrive later are wiped.
 */
export async function answerOrDeadline(
  refs: readonly SecretRef[],
  resolve: Resolve,
  signal: AbortSignal,
): Promise<Outcomes> {
  const answer = resolve(refs, signal)
  const outcomes = await unlessOverdue(answer, signal)
  if (outcomes !== undefined) return outcomes
  answer.then(wipeOutcomes, () => undefined)
  return new Map(refs.map((ref) => [ref.id, { ok: false, error: noAnswer(ref.provider) }]))
}

/**
 * Returns the answer, or undefined when the signal has aborted and there is still no answer a moment later.
 * The caller then handles a late answer.
 */
export async function unlessOverdue<T>(answer: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  const { promise: gaveUp, resolve: giveUp } = Promise.withResolvers<undefined>()
  const onAbort = () => giveUp(undefined)
  if (signal.aborted) onAbort()
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    const grace = gaveUp.then(() => Promise.race([answer, afterTurn()]))
    return await Promise.race([answer, grace])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

/** Wipes the values of a batch. */
export function wipeOutcomes(outcomes: Outcomes): void {
  for (const outcome of outcomes.values()) if (outcome.ok) outcome.secret.value.wipe()
}

/** Gives a provider that honours the signal the time to say what it was waiting for. */
async function afterTurn(): Promise<undefined> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise<void>((done) => setImmediate(done))
  return undefined
}

/** Returns a `timeout` for a provider that did not answer before the deadline. */
export function noAnswer(provider: string): LocketError {
  return new LocketError('timeout', `provider ${provider} gave no answer before the deadline`, {
    facts: { provider },
    names: ['provider'],
  })
}

function isSettled(outcome: Outcome | undefined, optional: boolean): boolean {
  if (outcome === undefined) return false
  return outcome.ok || (optional && outcome.error.code === 'not_found')
}

function waitState(wanted: readonly SecretRef[], outcomes: Outcomes): WaitState {
  const [first] = wanted.map(({ id }) => outcomes.get(id))
  return {
    providers: [...new Set(wanted.map((ref) => ref.provider))],
    error: first?.ok === false ? first.error : undefined,
  }
}

/** Returns the milliseconds until the next try of the first reference. */
function pauseBefore(wanted: readonly SecretRef[], outcomes: Outcomes): number {
  const waits = wanted.map(({ id }) => {
    const outcome = outcomes.get(id)
    return outcome?.ok === false ? (outcome.error.retryAfterMs ?? 0) : 0
  })
  return Math.max(PAUSE_MS, Math.min(...waits))
}

function canWaitFor(
  outcome: Outcome | undefined,
  awaitsCredential: FetchOptions['awaitsCredential'],
): boolean {
  if (outcome === undefined || outcome.ok) return true
  const { error } = outcome
  return isRetryable(error) && (error.code !== 'credential_missing' || awaitsCredential(error))
}

/** Keeps the earlier error when a deadline cuts the last try short: it says what was wrong. */
function keepCause(before: Outcome | undefined, now: Outcome): Outcome {
  if (before === undefined || now.ok || before.ok || now.error.code !== 'timeout') return now
  return before
}

async function pause(ms: number, clock: Clock, signal: AbortSignal): Promise<void> {
  try {
    await clock.sleep(ms, signal)
  } catch (reason) {
    if (!signal.aborted) throw reason
  }
}
