import { formatError, type ErrorCode, type LocketError } from '../../core/vocabulary/errors.ts'
import type { Outcomes, Resolve } from '../../core/vocabulary/resolve.ts'
import type { ProviderClient, ProviderStatus } from '../../providers/define.ts'

/** One instance, and how many callers use it. */
export interface InstanceStatus {
  readonly name: string
  readonly kind: string
  readonly callers: number
  /** Undefined for a provider that asks no server. */
  readonly status: ProviderStatus | undefined
  /** Why it had no value for the last question. Left out: it answered, or was not asked yet. */
  readonly trouble?: string
}

/** An instance with settings of its own. */
interface OpenedInstance {
  readonly name: string
  readonly kind: string
  /** Undefined until the client is open. */
  readonly client?: Pick<ProviderClient, 'status'>
  /** By `callerKey`. */
  readonly callers: ReadonlySet<string>
  /** See `withTrouble`. */
  readonly trouble?: LocketError | undefined
}

/** Errors that say nothing about a single reference: the provider could not be asked, or cannot be read. */
const OF_THE_PROVIDER: ReadonlySet<ErrorCode> = new Set([
  'auth',
  'credential_missing',
  'io',
  'provider_protocol',
  'rate_limited',
  'timeout',
  'unavailable',
])

/**
 * Tells after each batch that was not given up why none of it has a value. Undefined: the provider answered.
 */
export function withTrouble(next: Resolve, tell: (trouble: LocketError | undefined) => void): Resolve {
  return async (refs, signal) => {
    const outcomes = await next(refs, signal)
    const isGivenUp = [...outcomes.values()].every((one) => !one.ok && one.error.code === 'aborted')
    if (!isGivenUp) tell(troubleOf(outcomes))
    return outcomes
  }
}

/** Returns the error of a batch without any value, if it is of the provider and not of a reference. */
function troubleOf(outcomes: Outcomes): LocketError | undefined {
  const all = [...outcomes.values()]
  if (all.some(({ ok }) => ok)) return undefined
  const errors = all.flatMap((outcome) => (outcome.ok ? [] : outcome.error))
  return errors.find(({ code }) => OF_THE_PROVIDER.has(code))
}

/**
 * Returns the status of the clients of one name. Volumes with credentials of their own have a client of their
 * own. `before`: the requests of those that are closed.
 */
export function unitedStatus(entries: readonly OpenedInstance[], before: number): InstanceStatus {
  const all = entries.flatMap(({ client }) => client?.status() ?? [])
  const callers = new Set(entries.flatMap((entry) => [...entry.callers])).size
  const [{ name, kind } = { name: '', kind: '' }] = entries
  const [error] = entries.flatMap(({ trouble }) => trouble ?? [])
  const trouble = error === undefined ? {} : { trouble: formatError(error) }
  if (all.length === 0) return { name, kind, callers, status: undefined, ...trouble }
  const sum = (of: (status: ProviderStatus) => number) => all.reduce((total, one) => total + of(one), 0)
  const paused = all.find((one) => one.paused !== undefined)?.paused
  const tightest = Map.groupBy(
    all.flatMap(({ limits }) => limits),
    ({ limit }) => limit,
  )
  const status = {
    requestsLastHour: sum((one) => one.requestsLastHour),
    requests: sum((one) => one.requests) + before,
    limits: Array.from(tightest, ([limit, ones]) => ({
      limit,
      left: Math.min(...ones.map(({ left }) => left)),
    })),
    failures: Math.max(...all.map(({ failures }) => failures)),
    ...(paused === undefined ? {} : { paused }),
  }
  return { name, kind, callers, status, ...trouble }
}
