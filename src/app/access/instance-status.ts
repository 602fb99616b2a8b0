import type { ProviderClient, ProviderStatus } from '../../providers/define.ts'

/** One instance, and how many callers use it. */
export interface InstanceStatus {
  readonly name: string
  readonly kind: string
  readonly callers: number
  /** Undefined for a provider that asks no server. */
  readonly status: ProviderStatus | undefined
}

/** An instance with settings of its own. */
interface OpenedInstance {
  readonly name: string
  readonly kind: string
  /** Undefined until the client is open. */
  readonly client?: Pick<ProviderClient, 'status'>
  /** By `callerKey`. */
  readonly callers: ReadonlySet<string>
}

/**
 * Returns the status of the clients of one name. Volumes with credentials of their own have a client of their
 * own. `before`: the requests of those that are closed.
 */
export function unitedStatus(entries: readonly OpenedInstance[], before: number): InstanceStatus {
  const all = entries.flatMap(({ client }) => client?.status() ?? [])
  const callers = new Set(entries.flatMap((entry) => [...entry.callers])).size
  const [{ name, kind } = { name: '', kind: '' }] = entries
  if (all.length === 0) return { name, kind, callers, status: undefined }
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
  return { name, kind, callers, status }
}
