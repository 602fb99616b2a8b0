import type { Emit } from '../../core/ports/events.ts'
import { LocketError } from '../../core/vocabulary/errors.ts'
import type { Broker } from './broker.ts'

/** One listener of the broker. */
interface BrokerListener {
  /** Resolves with the address for the log, once connections are accepted. */
  listen(): Promise<string>
  /** Ends the listener: requests under way are answered. */
  close(): Promise<void>
}

/** The parts of a running broker. */
interface RunningPorts {
  readonly broker: Broker
  readonly emit: Emit
  readonly machines: BrokerListener
  readonly admin: BrokerListener
  /** Left out: the dashboard is off. */
  readonly dashboard?: BrokerListener | undefined
  readonly notifyReady: () => Promise<unknown>
  /** Closes the providers and the store. */
  readonly close: () => Promise<void>
}

/**
 * Serves until the signal aborts, and returns the exit code. The admin API listens first: a broker that
 * answers machines can always be told to stop answering one. At the end held watches are ended first, then
 * the listeners, the providers and the store.
 */
export async function runBroker(ports: RunningPorts, signal: AbortSignal): Promise<number> {
  const { broker, emit, machines, admin, dashboard } = ports
  try {
    const adminAddress = await admin.listen()
    await dashboard?.listen()
    const address = await machines.listen()
    emit('broker.listening', {
      address,
      admin: adminAddress,
      machines: (await broker.machines.list()).length,
    })
    await ports.notifyReady()
    await aborted(signal)
    emit('broker.stopping')
    return 0
  } finally {
    broker[Symbol.dispose]()
    await Promise.all([machines.close(), admin.close(), dashboard?.close()])
    await ports.close()
  }
}

/** Rejects with `config` if another broker with other keys has used the database. */
export async function claimStore(
  settle: (name: string, value: string) => Promise<string>,
  serverKey: string,
): Promise<void> {
  if ((await settle('server-key', serverKey)) === serverKey) return
  throw new LocketError('config', 'the database belongs to a broker with other keys', {
    hint: 'copy server-key.pem, authority-key.pem and authority.pem from its state folder to this one',
  })
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
