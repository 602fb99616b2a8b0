import { formatError, toLocketError } from '../../core/vocabulary/errors.ts'
import type { Clock } from '../../core/ports/clock.ts'
import type { Emit } from '../../core/ports/events.ts'
import type { StateStore } from '../../core/ports/state-store.ts'
import type { Driver } from './driver.ts'
import { noteEngineRestart } from './engine-restart.ts'
import { loadRecords, reconcile } from './restore.ts'
import { tmpfsOf } from './state.ts'

/** The socket with the plugin's protocols. */
export interface SocketListener {
  /** Resolves with the socket's name for the log, once connections are accepted. */
  listen(): Promise<string>
  /** Takes no more requests. Resolves when those under way are answered, or its time limit has passed. */
  close(): Promise<void>
}

/** A managed plugin that was stopped a moment ago must end once, see ADR 0007. */
export interface StopMark {
  takeFresh(): Promise<boolean>
  leave(): Promise<void>
}

export interface DaemonPorts {
  readonly emit: Emit
  readonly openStore: () => Promise<{ readonly store: StateStore; readonly warnings: readonly string[] }>
  readonly openDriver: (store: StateStore) => Driver
  readonly openListener: (driver: Driver) => Promise<SocketListener>
  /** Tells systemd that requests are accepted. */
  readonly notifyReady: () => Promise<unknown>
  /** Undefined if no engine manages this process. */
  readonly stopMark: StopMark | undefined
}

/** The engine starts a managed plugin again after every exit status but 0. */
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
  await Promise.all([ports.notifyReady(), restoreInBackground(driver), untilAborted(stopping)])
  await stopDaemon(driver, listener, ports)
  return 0
}

/** Nothing slow comes before the socket, because the engine dials a plugin for some ten seconds only. */
async function startDaemon({ emit, openStore, openDriver, openListener }: DaemonPorts) {
  const { store, warnings } = await openStore()
  const loaded = await store.load()
  for (const warning of [...warnings, ...loaded.warnings]) emit('state.warning', { warning })
  const driver = openDriver(store)
  await loadRecords(driver, loaded)
  const listener = await openListener(driver)
  const socket = await listener.listen()
  emit('daemon.listening', { socket, volumes: loaded.records.length })
  return { driver, listener }
}

/** Requests end before what they use: background work, then the mount IDs on disk, then the providers. */
async function stopDaemon(
  driver: Driver,
  listener: SocketListener,
  { emit, stopMark }: DaemonPorts,
): Promise<void> {
  emit('daemon.stopping')
  await listener.close()
  await endTasks(driver)
  if (stopMark !== undefined) await noteEngineRestart(driver)
  await driver.clients.close()
  await stopMark?.leave()
}

/** A watch that is left would keep the process alive. */
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

function untilAborted(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  if (signal.aborted) resolve()
  signal.addEventListener('abort', () => resolve(), { once: true })
  return promise
}

/** Longer than the engine dials a plugin that does not listen. */
const REFUSAL_MS = 20_000

/**
 * A managed plugin that cannot start waits here before it ends. The engine itself stops a plugin that does
 * not listen, and `docker plugin enable` fails as it should. It would start one that ends again and again.
 */
export async function delayRefusal(clock: Clock, signal: AbortSignal): Promise<void> {
  await clock.sleep(REFUSAL_MS, signal).catch(() => undefined)
}
