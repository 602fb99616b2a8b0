import type { Clock } from '../../core/ports/clock.ts'
import type { Emit } from '../../core/ports/events.ts'
import type { LeaseRecord, LeaseStore } from '../../core/ports/state-store.ts'
import { callerKey, type Caller } from '../../core/vocabulary/caller.ts'
import { formatError, toLocketError } from '../../core/vocabulary/errors.ts'
import type { ProviderInstance } from '../../providers/define.ts'
import type { Clients } from '../access/clients.ts'
import { shownLease } from './held.ts'
import { createHolder, type LeaseHolder, type OpenedHolder } from './holder.ts'
import { createRevoker } from './revoker.ts'

/** The leases of all volumes of a daemon, or of one command. */
export interface Leases {
  /** Returns the leases of a caller. After `release` it returns new ones. */
  holderOf(caller: Caller): LeaseHolder
  /** Forgets the leases of a caller, and revokes them in the background, with those of an earlier process. */
  release(caller: Caller, instances: readonly ProviderInstance[]): void
  /** Reads the records of an earlier process. Never rejects. */
  restore(): Promise<void>
  /** Returns the names of the volumes that had leases in an earlier process. */
  restored(): ReadonlySet<string>
  /** Reports the leases of an earlier process whose volume is not there any more, and forgets them. */
  giveUp(volume: string): void
  /** Waits for revocations that are under way, at most 5 s. The others are left to the next process. */
  close(): Promise<void>
}

interface LeasePorts {
  readonly clients: Pick<Clients, 'leasesOf' | 'release'>
  readonly clock: Clock
  readonly emit: Emit
  /** Undefined for a command: it ends with its leases. */
  readonly store: LeaseStore | undefined
}

const CLOSE_MS = 5000

/**
 * Makes the table of leases. The ids of all leases of volumes are on disk before a value is delivered, so
 * that a process that is killed leaves no lease that the next one does not know.
 */
export function createLeases({ clients, clock, emit, store }: LeasePorts): Leases {
  const holders = new Map<string, { readonly caller: Caller; readonly holder: OpenedHolder }>()
  let earlier: readonly LeaseRecord[] = []
  let fault: string | undefined
  let saved = '[]'
  let saving: Promise<void> = Promise.resolve()
  const revoker = createRevoker({ clients, clock, emit, settled: () => void record() })

  function records(): readonly LeaseRecord[] {
    const held = [...holders.values()].flatMap(({ caller, holder }) =>
      holder.owed().map(({ instance, id }) => ({ volume: caller.name, provider: instance.name, id })),
    )
    const pending = revoker
      .pending()
      .map(({ holder, instance, id }) => ({ volume: holder, provider: instance.name, id }))
    return [...earlier, ...held, ...pending]
  }

  /** Resolves when the records are on disk as they are now. Never rejects. */
  function record(): Promise<void> {
    const all = records()
    const text = JSON.stringify(all)
    if (store !== undefined && text !== saved) saving = write(store, all)
    saved = text
    return saving
  }

  async function write(store: LeaseStore, all: readonly LeaseRecord[]): Promise<void> {
    try {
      await store.save(all)
      fault = undefined
    } catch (thrown) {
      saved = ''
      const error = formatError(toLocketError(thrown))
      if (error !== fault) emit('lease.unrecorded', { error })
      fault = error
    }
  }

  function takeEarlier(volume: string): readonly LeaseRecord[] {
    const taken = earlier.filter((one) => one.volume === volume)
    earlier = earlier.filter((one) => one.volume !== volume)
    return taken
  }

  function lost(holder: string, some: readonly LeaseRecord[]): void {
    for (const { provider, id } of some) emit('lease.lost', { holder, provider, lease: shownLease(id) })
  }

  return {
    holderOf(caller) {
      const key = callerKey(caller)
      const known = holders.get(key)
      if (known !== undefined) return known.holder
      const revoke: Parameters<typeof createHolder>[1]['revoke'] = (owed) => {
        for (const one of owed) revoker.revoke(caller.name, one)
      }
      // A command keeps its holder. A volume may be gone at the end of its rendering, so nobody releases it.
      const idle = (): void => {
        if (caller.kind === 'volume' && holders.get(key)?.holder === holder) holders.delete(key)
      }
      const holder: OpenedHolder = createHolder(caller, { clients, clock, emit, record, revoke, idle })
      holders.set(key, { caller, holder })
      return holder
    },

    release(caller, instances) {
      const key = callerKey(caller)
      const owed = [...(holders.get(key)?.holder.release() ?? [])]
      holders.delete(key)
      const unknown: LeaseRecord[] = []
      for (const one of takeEarlier(caller.name)) {
        const instance = instances.find(({ name }) => name === one.provider)
        if (instance === undefined) unknown.push(one)
        else owed.push({ instance, id: one.id })
      }
      for (const one of owed) revoker.revoke(caller.name, one)
      lost(caller.name, unknown)
      if (unknown.length > 0) void record()
    },

    async restore() {
      try {
        earlier = (await store?.load()) ?? []
        saved = JSON.stringify(earlier)
      } catch (thrown) {
        emit('lease.unrecorded', { error: formatError(toLocketError(thrown)) })
      }
    },

    restored: () => new Set(earlier.map(({ volume }) => volume)),

    giveUp(volume) {
      lost(volume, takeEarlier(volume))
      void record()
    },

    async close() {
      await revoker.close(CLOSE_MS)
      await saving
    },
  }
}
