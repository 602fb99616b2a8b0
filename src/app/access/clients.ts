import { LocketError } from '../../core/vocabulary/errors.ts'
import { withValueCache, type ValueCache } from './value-cache.ts'
import { resolveWith, type Resolve } from '../../core/vocabulary/resolve.ts'
import type {
  ProviderClient,
  ProviderDeps,
  ProviderInstance,
  ProviderStatus,
} from '../../providers/define.ts'

/** Opened providers, shared by all owners whose settings for them are equal. An owner is a volume's name, or a command's. */
export interface Clients {
  /** Resolves with the instances of one owner; each is opened when a reference first needs it. */
  resolveFor(owner: string, instances: readonly ProviderInstance[]): Resolve
  /** Of the instances that this owner has used, by name. */
  statusOf(owner: string): ReadonlyMap<string, ProviderStatus>
  /** What only this owner used is closed. */
  release(owner: string): Promise<void>
  close(): Promise<void>
}

interface Shared {
  readonly name: string
  readonly client: ProviderClient
  /** Undefined for a provider that costs nothing to ask. */
  readonly cache: ValueCache | undefined
  readonly owners: Set<string>
}

/** `lingerMs`: how long a value that a network provider gave stays usable. */
export function createClients(deps: ProviderDeps, lingerMs: number): Clients {
  const shared = new Map<string, Shared>()

  function resolverOf(owner: string, instance: ProviderInstance): Resolve {
    let entry = shared.get(instance.key)
    if (entry === undefined) {
      const client = instance.def.open(instance.settings, deps, instance.name)
      const isNear = instance.def.isLocal === true
      const cache = isNear ? undefined : withValueCache(client.fetch, { ttlMs: lingerMs, clock: deps.clock })
      entry = { name: instance.name, client, cache, owners: new Set() }
      shared.set(instance.key, entry)
    }
    entry.owners.add(owner)
    return entry.cache?.resolve ?? entry.client.fetch
  }

  async function end({ client, cache }: Shared): Promise<void> {
    cache?.[Symbol.dispose]()
    await client[Symbol.asyncDispose]()
  }

  return {
    resolveFor: (owner, instances) =>
      resolveWith((name) => {
        const instance = instances.find((candidate) => candidate.name === name)
        if (instance === undefined) throw new LocketError('internal', `no provider of the name ${name}`)
        return resolverOf(owner, instance)
      }),

    statusOf(owner) {
      const used = [...shared.values()].filter((entry) => entry.owners.has(owner))
      return new Map(
        used.flatMap(({ name, client }) => {
          const status = client.status()
          return status === undefined ? [] : [[name, status]]
        }),
      )
    },

    async release(owner) {
      for (const [key, entry] of shared) {
        if (!entry.owners.delete(owner) || entry.owners.size > 0) continue
        shared.delete(key)
        await end(entry)
      }
    },

    async close() {
      const entries = [...shared.values()]
      shared.clear()
      await Promise.allSettled(entries.map(end))
    },
  }
}
