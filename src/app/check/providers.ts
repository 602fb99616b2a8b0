import {
  isLocketError,
  toLocketError,
  type ErrorCode,
  type LocketError,
} from '../../core/vocabulary/errors.ts'
import { fieldNames } from '../../core/vocabulary/fields.ts'
import type { RefId, SecretRef } from '../../core/vocabulary/ref.ts'
import { resolveWith } from '../../core/vocabulary/resolve.ts'
import { leasesOf } from '../access/value-cache.ts'
import type { ProviderClient, ProviderInstance } from '../../providers/define.ts'
import type { Machine } from '../machine.ts'
import { answerOrDeadline, noAnswer, unlessOverdue, wipeOutcomes } from '../render/fetch.ts'

/** The ports that a check needs. */
export interface CheckDeps extends Pick<Machine, 'clock' | 'sources'> {
  /** Opens a client for one check, which disposes of it. */
  open(instance: ProviderInstance): Promise<ProviderClient>
}

/**
 * The answer of one provider: the result of its probe, and the errors of references without a value. All
 * values are wiped before.
 */
export interface ProviderAnswer {
  readonly probe: {
    readonly error?: LocketError
    readonly ms: number
    /** See `ProviderStatus`. */
    readonly clockOffMs?: number | undefined
  }
  readonly failures: ReadonlyMap<RefId, LocketError>
  /** The names of the fields of each `*` reference that has a value. */
  readonly fields: ReadonlyMap<RefId, readonly string[]>
  /** Milliseconds of the one batch of all references, or of the probe when its failure was enough. */
  readonly batchMs: number
}

/**
 * Probes a provider and, unless that fails in a way that every reference would, fetches one batch, with the
 * provider's own retries only. `signal`: its abort is the deadline. Never rejects.
 */
export async function askProvider(
  instance: ProviderInstance,
  refs: readonly SecretRef[],
  deps: Pick<CheckDeps, 'clock' | 'open'>,
  signal: AbortSignal,
): Promise<ProviderAnswer> {
  const { clock } = deps
  const client = await openClient(instance, deps)
  if (isLocketError(client)) return unanswered(client, refs, { ms: 0 })
  try {
    const since = clock.now()
    const error = await probe(client, instance, signal)
    const asked = clock.now()
    const clockOffMs = client.status()?.clockOffMs
    if (error !== undefined && HOPELESS.has(error.code))
      return unanswered(error, refs, { ms: asked - since, clockOffMs })
    const answered = refs.length === 0 ? NOTHING : await answersOf(refs, client, signal)
    return {
      probe: { ...(error === undefined ? {} : { error }), ms: asked - since, clockOffMs },
      ...answered,
      batchMs: clock.now() - asked,
    }
  } finally {
    // A client that cannot be closed ends with the process.
    await Promise.allSettled([client[Symbol.asyncDispose]()])
  }
}

/**
 * Codes of a failed probe that every reference would meet again. `denied` is not among them: a probe may need
 * more rights than a reference.
 */
const HOPELESS: ReadonlySet<ErrorCode> = new Set([
  'auth',
  'credential_missing',
  'unavailable',
  'rate_limited',
  'timeout',
  'aborted',
])

function unanswered(
  error: LocketError,
  refs: readonly SecretRef[],
  asked: Omit<ProviderAnswer['probe'], 'error'>,
): ProviderAnswer {
  const failures = new Map(refs.map((ref) => [ref.id, error]))
  return { probe: { error, ...asked }, failures, fields: new Map(), batchMs: asked.ms }
}

async function openClient(
  instance: ProviderInstance,
  deps: Pick<CheckDeps, 'open'>,
): Promise<ProviderClient | LocketError> {
  try {
    return await deps.open(instance)
  } catch (thrown) {
    return toLocketError(thrown)
  }
}

async function probe(
  client: ProviderClient,
  { name }: ProviderInstance,
  signal: AbortSignal,
): Promise<LocketError | undefined> {
  try {
    const answer = client.probe(signal).then(() => true)
    // A late failure, after the deadline, has no reader.
    answer.catch(() => undefined)
    return (await unlessOverdue(answer, signal)) === undefined ? noAnswer(name) : undefined
  } catch (thrown) {
    return toLocketError(thrown)
  }
}

type Answers = Pick<ProviderAnswer, 'failures' | 'fields'>

const NOTHING: Answers = { failures: new Map(), fields: new Map() }

async function answersOf(
  refs: readonly SecretRef[],
  { fetch, leases }: ProviderClient,
  signal: AbortSignal,
): Promise<Answers> {
  const outcomes = await answerOrDeadline(
    refs,
    resolveWith(() => fetch),
    signal,
  )
  const fields = new Map<RefId, readonly string[]>()
  for (const { id, isAll } of refs) {
    const outcome = outcomes.get(id)
    if (isAll === true && outcome?.ok === true) fields.set(id, fieldNames(outcome.secret.value))
  }
  wipeOutcomes(outcomes)
  // A check leaves no lease. One that cannot be revoked ends by itself.
  await Promise.allSettled(leasesOf(outcomes.values()).map(async ({ id }) => leases?.revoke(id, signal)))
  const failures = [...outcomes].flatMap(([id, outcome]) =>
    outcome.ok ? [] : [[id, outcome.error] as const],
  )
  return { failures: new Map(failures), fields }
}
