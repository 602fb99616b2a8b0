import { LocketError } from '../core/errors.ts'
import type { VolumeName } from '../core/names.ts'
import { resolveWith, type Resolve } from '../core/resolve.ts'
import type { ProviderClient, ProviderDeps, ProviderInstance } from '../providers/define.ts'

/** Opened providers, shared by all volumes whose settings for them are equal. */
export interface Clients {
  /** Resolves with the instances of one volume; each is opened when a reference first needs it. */
  resolveFor(owner: VolumeName, instances: readonly ProviderInstance[]): Resolve
  /** What only this volume used is closed. */
  release(owner: VolumeName): Promise<void>
  close(): Promise<void>
}

interface Shared {
  readonly client: ProviderClient
  readonly owners: Set<VolumeName>
}

export function createClients(deps: ProviderDeps): Clients {
  const shared = new Map<string, Shared>()

  function clientOf(owner: VolumeName, instance: ProviderInstance): ProviderClient {
    let entry = shared.get(instance.key)
    if (entry === undefined) {
      entry = { client: instance.def.open(instance.settings, deps), owners: new Set() }
      shared.set(instance.key, entry)
    }
    entry.owners.add(owner)
    return entry.client
  }

  return {
    resolveFor: (owner, instances) =>
      resolveWith((name) => {
        const instance = instances.find((candidate) => candidate.name === name)
        if (instance === undefined) throw new LocketError('internal', `no provider of the name ${name}`)
        return clientOf(owner, instance).fetch
      }),

    async release(owner) {
      for (const [key, entry] of shared) {
        if (!entry.owners.delete(owner) || entry.owners.size > 0) continue
        shared.delete(key)
        await entry.client[Symbol.asyncDispose]()
      }
    },

    async close() {
      const entries = [...shared.values()]
      shared.clear()
      await Promise.allSettled(entries.map((entry) => entry.client[Symbol.asyncDispose]()))
    },
  }
}
