import { hashOf } from '../../core/audit/chain.ts'
import type { BrokerAudit } from '../../core/broker/seams.ts'
import type { RegisteredClient } from '../../core/broker/signing/registry.ts'
import type { Clock } from '../../core/ports/clock.ts'
import type { Emit } from '../../core/ports/events.ts'
import { formatError, toLocketError } from '../../core/vocabulary/errors.ts'

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
  const { clock, emit, audit, path } = ports
  let hash = ''
  let clients: readonly RegisteredClient[] = []
  let error: string | undefined
  let loading: Promise<void> = load()
  await loading

  async function load(): Promise<void> {
    const bytes = await ports.read(path)
    const next = hashOf(bytes)
    if (next === hash) return
    const read = ports.parse(path, new TextDecoder().decode(bytes))
    await record('allowed', `${read.clients.length} clients, SHA-256 ${next}`)
    ;({ clients } = read)
    hash = next
    for (const fault of read.faults) emit('grackle.row', { path, fault })
    emit('grackle.registry', { path, clients: clients.length })
  }

  async function record(outcome: 'allowed' | 'failed', reason: string): Promise<void> {
    const line = { actor: 'broker', action: 'registry.load', target: path, address: '', outcome } as const
    await audit([{ ...line, at: clock.now(), reason }])
  }

  async function loadAgain(): Promise<void> {
    try {
      await load()
      error = undefined
    } catch (thrown) {
      const wrong = toLocketError(thrown)
      const text = formatError(wrong)
      // A file that is written in several steps, or touched, is not logged twice.
      if (text === error) return
      error = text
      emit('grackle.registry-kept', { path, error: text })
      await record('failed', wrong.code).catch(() => undefined)
    }
  }

  return {
    clients: () => clients,
    reload() {
      loading = loading.then(loadAgain)
      return loading
    },
  }
}
