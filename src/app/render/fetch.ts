import {
  addFacts,
  combineErrors,
  formatError,
  LocketError,
  isRetryable,
} from '../../core/vocabulary/errors.ts'
import type { Clock } from '../../core/ports/clock.ts'
import type { RefId, SecretRef } from '../../core/vocabulary/ref.ts'
import type { Outcome, Outcomes, Resolve } from '../../core/vocabulary/resolve.ts'
import type { ReferenceFailure } from '../../core/template/render.ts'

/** Between two attempts: a provider retries what is worth it by itself, and is not to be drowned while it starts. */
const PAUSE_MS = 2000

export interface FetchOptions {
  /** Refs that may be missing, because each of their tags has a default. */
  readonly optional: ReadonlySet<RefId>
  readonly clock: Clock
  /** Its abort is the deadline. */
  readonly signal: AbortSignal
  /** False: a credential file that is not there is a slip of who runs the command, and not to be waited for. Default true. */
  readonly awaitsCredentials?: boolean | undefined
}

/**
 * One batch, then only what failed in a way that may pass, every two seconds, or later where the provider said so, until the deadline.
 * After a reboot the engine mounts once, and a container whose Mount failed stays down: so waiting here is worth it.
 * Answers with the last outcome of each ref; never rejects for a deadline. The caller wipes the values.
 */
export async function fetchUntil(
  refs: readonly SecretRef[],
  resolve: Resolve,
  { optional, clock, signal, awaitsCredentials = true }: FetchOptions,
): Promise<Outcomes> {
  const outcomes = new Map<RefId, Outcome>()
  let wanted = refs
  while (wanted.length > 0) {
    for (const [id, outcome] of await answerOrDeadline(wanted, resolve, signal)) {
      outcomes.set(id, keepCause(outcomes.get(id), outcome))
    }
    const failed = wanted.filter((ref) => !isSettled(outcomes.get(ref.id), optional.has(ref.id)))
    if (signal.aborted || failed.some((ref) => !canWaitFor(outcomes.get(ref.id), awaitsCredentials)))
      return outcomes
    wanted = failed
    if (wanted.length > 0) await pause(pauseBefore(wanted, outcomes), clock, signal)
    if (signal.aborted) return outcomes
  }
  return outcomes
}

/**
 * One error for all failed references, or undefined when there is none. References with the same cause share one line:
 * `op://v/i/a and op://v/i/b: op-connect at http://c is failing`.
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

/** One batch. A provider that ignores its signal costs this request, not the volume's lock. Its late values are wiped. */
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

/** Undefined when the signal has aborted, and a moment later there is still no answer; that is then nobody's. */
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

export function wipeOutcomes(outcomes: Outcomes): void {
  for (const outcome of outcomes.values()) if (outcome.ok) outcome.secret.value.wipe()
}

/** Lets a provider that does honour the signal say itself what it was waiting for. */
async function afterTurn(): Promise<undefined> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise<void>((done) => setImmediate(done))
  return undefined
}

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

/** Not before the first of them is worth it. */
function pauseBefore(wanted: readonly SecretRef[], outcomes: Outcomes): number {
  const waits = wanted.map(({ id }) => {
    const outcome = outcomes.get(id)
    return outcome?.ok === false ? (outcome.error.retryAfterMs ?? 0) : 0
  })
  return Math.max(PAUSE_MS, Math.min(...waits))
}

function canWaitFor(outcome: Outcome | undefined, awaitsCredentials: boolean): boolean {
  if (outcome === undefined || outcome.ok) return true
  return isRetryable(outcome.error) && (awaitsCredentials || outcome.error.code !== 'credential_missing')
}

/** A deadline that cuts the last try short must not hide what was wrong all along. */
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
