import type { BrokerAudit } from '../../core/broker/seams.ts'
import type { RegisteredClient } from '../../core/broker/signing/registry.ts'
import type { Clock } from '../../core/ports/clock.ts'
import type { Emit } from '../../core/ports/events.ts'
import { openLiveFile } from '../policy/live-file.ts'

/** The parts that a live registry needs. */
interface LiveRegistryPorts {
  readonly clock: Clock
  readonly emit: Emit
  readonly audit: BrokerAudit
  /** The registry file. */
  readonly path: string
  /** Resolves with the content of a file. Rejects with `io` or `too_large`. */
  readonly read: (path: string) => Promise<Uint8Array>
  /** Parses a file. Throws `config`. */
  readonly parse: ParseRegistry
}

/** Parses a registry file. A row that is wrong is left out and named. Throws `config`. */
export type ParseRegistry = (
  path: string,
  text: string,
) => { readonly clients: readonly RegisteredClient[]; readonly faults: readonly string[] }

/** A registry that follows its file. */
interface LiveRegistry {
  readonly clients: () => readonly RegisteredClient[]
  /** Reads the file again. A file that is wrong changes nothing, and the log tells it. Never rejects. */
  reload(): Promise<void>
}

/**
 * Reads a registry file. Rejects with `io` or `config`. A registry takes effect after its audit line is
 * durable.
 */
export async function openLiveRegistry(ports: LiveRegistryPorts): Promise<LiveRegistry> {
  const { emit, path } = ports
  const file = await openLiveFile<ReturnType<ParseRegistry>>({
    ...ports,
    action: 'registry.load',
    describe: ({ clients }) => `${clients.length} clients`,
    taken({ clients, faults }) {
      for (const fault of faults) emit('grackle.row', { path, fault })
      emit('grackle.registry', { path, clients: clients.length })
    },
    kept: (error) => emit('grackle.registry-kept', { path, error }),
  })
  return { clients: () => file.now().content.clients, reload: () => file.reload() }
}
