import { untilAborted } from '../../core/waiting/unless-aborted.ts'
import { formatError, toLocketError, type LocketError } from '../../core/vocabulary/errors.ts'
import type { Clock } from '../../core/ports/clock.ts'
import type { Emit } from '../../core/ports/events.ts'
import type { StateStore } from '../../core/ports/state-store.ts'
import type { Driver } from './driver.ts'
import { noteEngineRestart } from './engine-restart.ts'
import { loadRecords, reconcile } from './restore.ts'
import { tmpfsOf, usesOf } from './state.ts'

/** The socket with the plugin's protocols. */
export interface SocketListener {
  /** The socket's name, for the log. */
  readonly name: string
  /**
   * Accepts no more requests. Resolves when the current requests are answered, or when the time limit has
   * passed.
   */
  close(): Promise<void>
}

/**
 * A mark of a stop. A managed plugin that was stopped a moment ago must end once at its start, see ADR 0007.
 */
interface StopMark {
  takeFresh(): Promise<boolean>
  leave(): Promise<void>
}

/** The opened store of the volume records. */
export interface OpenedStore {
  readonly store: StateStore
  readonly warnings: readonly string[]
  /** The reason why the records could not be found, so that only the names of the volumes are known. */
  readonly fault?: LocketError
  /** The folder of the state. */
  readonly dir: string
}

/** The parts of a daemon, which `runDaemon` opens in order. */
export interface DaemonPorts {
  /**
   * The mistakes in the settings, as one error. A managed plugin starts all the same, because the engine
   * shows nobody why a plugin did not start.
   */
  readonly fault?: LocketError | undefined
  readonly emit: Emit
  readonly openStore: () => Promise<OpenedStore>
  /** Makes the driver. With a fault, it refuses every Create and every Mount. */
  readonly openDriver: (opened: OpenedStore, fault: LocketError | undefined) => Driver
  /** Resolves once requests are answered. Connections are accepted earlier. */
  readonly openListener: (driver: Driver) => Promise<SocketListener>
  /** Opens the view inside: admin socket and metrics. It reports what fails, and never rejects. */
  readonly openView: (driver: Driver) => Promise<AsyncDisposable>
  /** Reports to systemd that requests are accepted. */
  readonly notifyReady: () => Promise<unknown>
  /** Undefined if no engine manages this process. */
  readonly stopMark: StopMark | undefined
}

/** Exit status after which the engine starts a managed plugin again. It does so after every status but 0. */
const START_AGAIN = 75

/**
 * Runs the driver until `stopping` aborts, and resolves with the exit status. Rejects when it cannot start:
 * then it does not listen. Aborting `stopping` must also abort the driver's work.
 */
export async function runDaemon(ports: DaemonPorts, stopping: AbortSignal): Promise<number> {
  const { emit, stopMark } = ports
  if ((await stopMark?.takeFresh()) === true) {
    emit('daemon.again')
    return START_AGAIN
  }
  const { driver, listener } = await startDaemon(ports)
  void driver.audit.note({ action: 'start' })
  const view = ports.openView(driver)
  await Promise.all([ports.notifyReady(), restoreInBackground(driver), untilAborted(stopping)])
  await stopDaemon(driver, [listener, { close: async () => (await view)[Symbol.asyncDispose]() }], ports)
  return 0
}

/**
 * Opens state, driver and socket. Slow work must not come before the socket, because the engine dials a
 * plugin for some ten seconds only.
 */
async function startDaemon({ emit, openStore, openDriver, openListener, ...ports }: DaemonPorts) {
  const opened = await openStore()
  const { store, warnings, fault = ports.fault } = opened
  if (fault !== undefined) emit('daemon.refusing', { error: formatError(fault) })
  const loaded = await store.load()
  for (const warning of [...warnings, ...loaded.warnings]) emit('state.warning', { warning })
  const driver = openDriver(opened, fault)
  await loadRecords(driver, loaded)
  const listener = await openListener(driver)
  emit('daemon.listening', { socket: listener.name, volumes: loaded.records.length })
  return { driver, listener }
}

/**
 * Ends the parts of the daemon in the order of their use: requests, background work, the mount IDs on disk,
 * the providers.
 */
async function stopDaemon(
  driver: Driver,
  servers: readonly Pick<SocketListener, 'close'>[],
  { emit, stopMark }: DaemonPorts,
): Promise<void> {
  const used = driver.table
    .list()
    .filter(({ state }) => tmpfsOf(state) !== undefined && usesOf(state).length > 0)
  if (used.length === 0) emit('daemon.stopping')
  else emit('daemon.stopping.used', { volumes: used.length })
  await Promise.all(servers.map(async (server) => await server.close()))
  await endTasks(driver)
  if (stopMark !== undefined) await noteEngineRestart(driver)
  driver.swarm[Symbol.dispose]()
  await driver.leases.close()
  await driver.clients.close()
  await driver.lastGood.close()
  await driver.audit.note({ action: 'stop' })
  await driver.audit.close()
  await stopMark?.leave()
}

/** Ends the background work of all volumes: an open watch would keep the process alive. */
async function endTasks({ table }: Driver): Promise<void> {
  await Promise.allSettled(
    table.list().map(async ({ state }) => tmpfsOf(state)?.task?.[Symbol.asyncDispose]()),
  )
}

async function restoreInBackground(driver: Driver): Promise<void> {
  try {
    await reconcile(driver)
  } catch (thrown) {
    const error = formatError(toLocketError(thrown))
    driver.emit('daemon.restore', { error })
  }
}

/** Milliseconds of the wait: longer than the engine dials a plugin that does not listen. */
const REFUSAL_MS = 20_000

/**
 * Waits before a managed plugin that cannot start ends. The engine itself stops a plugin that does not
 * listen, and `docker plugin enable` fails as it should. If the plugin ended at once, the engine would start
 * it again and again.
 */
export async function delayRefusal(clock: Clock, signal: AbortSignal): Promise<void> {
  await clock.sleep(REFUSAL_MS, signal).catch(() => undefined)
}
