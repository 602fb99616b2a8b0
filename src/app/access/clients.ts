import { LocketError } from '../../core/vocabulary/errors.ts'
import { callerKey, type Caller } from '../../core/vocabulary/caller.ts'
import { unitedStatus, withTrouble, type InstanceStatus } from './instance-status.ts'
import { withOwnLeases } from './own-leases.ts'
import { withValueCache, type ValueCache } from './value-cache.ts'
import { createTidings, type HearChange, type Hearing, type Tidings } from './tidings.ts'
import { createVersions, type Versions } from './versions.ts'
import type { SecretRef } from '../../core/vocabulary/ref.ts'
import { type Lease, resolveWith, type Resolve } from '../../core/vocabulary/resolve.ts'
import type {
  LeaseCalls,
  ProviderClient,
  ProviderDeps,
  ProviderInstance,
  ProviderStatus,
} from '../../providers/define.ts'

/**
 * Sees the references that one instance is asked for, and its answers, and may answer in its place. The
 * values belong to the caller.
 */
export type Around = (instance: ProviderInstance, next: Resolve) => Resolve

/** Opened providers, shared by all callers whose settings for them are equal. */
export interface Clients {
  /**
   * Returns a `Resolve` that asks the caller's instances; each is opened when a reference first needs it. A
   * reference to an instance that is not among them fails as `internal`. `around` is put around each
   * instance.
   */
  resolveFor(caller: Caller, instances: readonly ProviderInstance[], around?: Around): Resolve
  /**
   * Returns one text for the versions of all references, as `Versions.textOf` does. Undefined: at least one
   * of the instances has no versions.
   */
  versionsOf(
    caller: Caller,
    instances: readonly ProviderInstance[],
    question: { readonly refs: readonly SecretRef[]; readonly signal: AbortSignal },
  ): Promise<string | undefined>
  /** Returns the calls for the leases of an instance. The first call opens it for the caller. */
  leasesOf(caller: Caller, instance: ProviderInstance): LeaseCalls
  /**
   * Calls `hear` when the server of one of these instances tells a change. The answer is live while all of
   * them tell changes.
   */
  follow(caller: Caller, instances: readonly ProviderInstance[], hear: HearChange): Hearing
  /** Lists what an instance may read; undefined: it does not list. */
  secretsOf(caller: Caller, instance: ProviderInstance, signal: AbortSignal): Promise<Listed>
  /** Forgets all kept values: a refresh must not be answered with values from before it. */
  expire(): void
  /** Returns the status of the network providers that this caller has used, by the instance's name. */
  statusOf(caller: Caller): ReadonlyMap<string, ProviderStatus>
  /** Returns the status of every instance that was asked so far. Instances of one name are one. */
  list(): readonly InstanceStatus[]
  /** Closes the providers that no other caller has used. */
  release(caller: Caller): Promise<void>
  /** Closes all providers. Never rejects. */
  close(): Promise<void>
}

type Listed = Awaited<ReturnType<NonNullable<ProviderClient['list']>>> | undefined

interface Shared {
  readonly name: string
  readonly kind: string
  readonly opening: Promise<ProviderClient>
  /** Undefined until the client is open. */
  client?: ProviderClient
  trouble?: LocketError | undefined
  readonly resolve: Resolve
  /** Undefined for a provider that costs nothing to ask. */
  readonly cache: ValueCache | undefined
  readonly versions: Versions
  readonly tidings: Tidings
  /** By `callerKey`. */
  readonly callers: Set<string>
}

/** Milliseconds for the end of a lease that nobody needs. */
const DROP_MS = 10_000

/**
 * Makes the table of opened providers. `cacheTtlMs`: how long a value of a network provider stays usable.
 * `sharesLeases`: the callers share values with a lease like all others.
 */
export function createClients(
  deps: ProviderDeps,
  cacheTtlMs: number,
  { sharesLeases = false }: { readonly sharesLeases?: boolean } = {},
): Clients {
  const shared = new Map<string, Shared>()
  /** Requests of closed providers, by the instance's name: a count for metrics must not decrease. */
  const ended = new Map<string, number>()

  function sharedFor(caller: Caller, instance: ProviderInstance): Shared {
    let entry = shared.get(instance.key)
    if (entry === undefined) {
      entry = openShared(instance)
      shared.set(instance.key, entry)
    }
    entry.callers.add(callerKey(caller))
    return entry
  }

  function resolverOf(caller: Caller, instance: ProviderInstance): Resolve {
    return sharedFor(caller, instance).resolve
  }

  function openShared({ def, settings, name, key }: ProviderInstance): Shared {
    const opening = def.open(settings, deps, name)
    const asking: Resolve = async (refs, signal) => await (await opening).fetch(refs, signal)
    const fetch = withTrouble(asking, (trouble) => (entry.trouble = trouble))
    const dropLease = ({ id }: Lease): void => {
      const ended = opening.then((client) => client.leases?.revoke(id, AbortSignal.timeout(DROP_MS)))
      // Without an answer it ends by itself.
      ended.catch(() => undefined)
    }
    const { leaseGroup } = def
    const ownLeases = leaseGroup !== undefined && !sharesLeases
    const options = { ttlMs: cacheTtlMs, clock: deps.clock, sharesLeases: !ownLeases, dropLease }
    const cache = def.isLocal === true ? undefined : withValueCache(fetch, options)
    const cached = cache?.resolve ?? fetch
    const resolve = ownLeases
      ? withOwnLeases({ next: fetch, shared: cached, groupOf: (ref) => leaseGroup(ref), dropLease })
      : cached
    const versions = createVersions(() => opening, { ttlMs: cacheTtlMs, clock: deps.clock })
    const tidings = createTidings(
      () => opening,
      () => {
        cache?.expire()
        versions.expire()
      },
    )
    const parts = { opening, resolve, cache, versions, tidings }
    const entry: Shared = { name, kind: def.kind, ...parts, callers: new Set() }
    opening.then(
      (client) => void (entry.client = client),
      // The fetches of this entry reject with it, and the next caller tries again.
      () => void (shared.get(key) === entry && shared.delete(key)),
    )
    return entry
  }

  async function end({ name, opening, cache }: Shared): Promise<void> {
    cache?.[Symbol.dispose]()
    const client = await opening.catch(() => undefined)
    await client?.[Symbol.asyncDispose]()
    const requests = client?.status()?.requests ?? 0
    if (requests > 0) ended.set(name, (ended.get(name) ?? 0) + requests)
  }

  return {
    resolveFor: (caller, instances, around = (_, next) => next) =>
      resolveWith((name) => {
        const instance = instances.find((candidate) => candidate.name === name)
        if (instance === undefined) throw new LocketError('internal', `no provider of the name ${name}`)
        return around(instance, resolverOf(caller, instance))
      }),

    async versionsOf(caller, instances, { refs, signal }) {
      const texts: string[] = []
      for (const [name, own] of Map.groupBy(refs, (ref) => ref.provider)) {
        const instance = instances.find((candidate) => candidate.name === name)
        if (instance === undefined) return undefined
        const entry = sharedFor(caller, instance)
        const text = await entry.versions.textOf(own, signal)
        if (text === undefined) return undefined
        entry.trouble = undefined
        texts.push(text)
      }
      return texts.join('\n')
    },

    leasesOf(caller, instance) {
      const calls = async () => {
        const { leases } = await sharedFor(caller, instance).opening
        if (leases === undefined) throw new LocketError('internal', `${instance.name} has no leases`)
        return leases
      }
      return {
        renew: async (lease, signal) => (await calls()).renew(lease, signal),
        revoke: async (id, signal) => (await calls()).revoke(id, signal),
      }
    },

    follow(caller, instances, hear) {
      const joined = new DisposableStack()
      const heard = instances.map((instance) =>
        joined.use(
          sharedFor(caller, instance).tidings.join((isAbout) =>
            hear((ref) => ref.provider === instance.name && isAbout(ref)),
          ),
        ),
      )
      return {
        isLive: () => heard.length > 0 && heard.every((one) => one.isLive()),
        [Symbol.dispose]: () => joined.dispose(),
      }
    },

    async secretsOf(caller, instance, signal) {
      const client = await sharedFor(caller, instance).opening
      return await client.list?.(signal)
    },

    expire() {
      for (const { cache, versions } of shared.values()) {
        cache?.expire()
        versions.expire()
      }
    },

    statusOf(caller) {
      const key = callerKey(caller)
      const statuses = new Map<string, ProviderStatus>()
      for (const { name, client, callers } of shared.values()) {
        const status = callers.has(key) ? client?.status() : undefined
        if (status !== undefined) statuses.set(name, status)
      }
      return statuses
    },

    list: () =>
      [...Map.groupBy(shared.values(), ({ name }) => name)].map(([name, entries]) =>
        unitedStatus(entries, ended.get(name) ?? 0),
      ),

    async release(caller) {
      // All leave the table at once: a question that comes while the first is closed opens them anew.
      const unused = [...shared].filter(
        ([, { callers }]) => callers.delete(callerKey(caller)) && callers.size === 0,
      )
      for (const [key] of unused) shared.delete(key)
      for (const [, entry] of unused) await end(entry)
    },

    async close() {
      const entries = [...shared.values()]
      shared.clear()
      await Promise.allSettled(entries.map(end))
    },
  }
}
