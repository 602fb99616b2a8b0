import type { Driver } from '../app/volume/driver.ts'
import { stopFollowing } from '../app/volume/follow.ts'
import { doubtUses } from '../app/volume/mount.ts'
import { loadRecords, reconcile } from '../app/volume/restore.ts'
import { loadVolumeCommand } from '../config/load.ts'
import { ERROR_KINDS, formatError, toLocketError, type LocketError } from '../core/vocabulary/errors.ts'
import type { LoadedState } from '../core/ports/store.ts'
import { volumeDriver } from '../http/docker/volume-driver.ts'
import { buildServer } from '../http/server.ts'
import {
  leaveStopMark,
  listenAsDaemon,
  notifySystemd,
  openDaemonEvents,
  openDriver,
  openHeapCare,
  openStore,
  systemClock,
  takeFreshStopMark,
} from '../wire.ts'
import type { Command, CommandContext } from './define.ts'

/** Below the ten seconds after which the engine kills a plugin. */
const SHUTDOWN_MS = 8000
/** Any status but 0 would do: the engine starts again what ends by itself. */
const START_AGAIN = 75

/** Longer than the engine dials a plugin that does not listen. */
const REFUSAL_MS = 20_000

export const command: Command = {
  async run(context) {
    try {
      return await serve(context)
    } catch (thrown) {
      if (!context.argv.includes('--managed')) throw thrown
      return await refuse(toLocketError(thrown), context)
    }
  },
}

/**
 * The engine starts a plugin that ends again and again, and is then confused about it. One that does not listen it stops by itself,
 * and `docker plugin enable` fails as it should.
 */
async function refuse(reason: LocketError, { signal, stderr }: CommandContext): Promise<number> {
  stderr.write(`locket: ${formatError(reason)}\n`)
  await systemClock()
    .sleep(REFUSAL_MS, signal)
    .catch(() => undefined)
  return ERROR_KINDS[reason.code].exit
}

/** The driver, until a signal. Nothing slow stands before the socket: the engine dials for some ten seconds only. */
async function serve({ argv, env, signal }: CommandContext): Promise<number> {
  const { daemon, log: logSettings } = loadVolumeCommand(argv, env)
  const emit = await openDaemonEvents(logSettings)
  if (daemon.managed && (await takeFreshStopMark(daemon.runtimeDir, systemClock().now()))) {
    emit('daemon.again')
    return START_AGAIN
  }
  const { store, warnings } = await openStore(daemon)
  const loaded = await store.load()
  for (const warning of [...warnings, ...loaded.warnings]) emit('state.warning', { warning })
  if (env['NODE_TLS_REJECT_UNAUTHORIZED'] === '0') emit('tls.checked')
  const driver = openDriver(daemon, store, { emit, env, stopping: signal })
  await loadRecords(driver, loaded)
  const server = buildServer(emit)
  volumeDriver(server, driver)
  const careForHeap = openHeapCare()
  server.addHook('onResponse', async () => careForHeap())
  await server.ready()
  const socket = await listenAsDaemon(server.server, daemon.socket, env)
  emit('daemon.listening', { socket, volumes: loaded.records.length })
  await Promise.all([
    notifySystemd(env, 'READY=1'),
    restoreInBackground(driver, loaded),
    untilAborted(signal),
  ])
  emit('daemon.stopping')
  await finishRequests(server, driver.clock)
  await stopFollowing(driver)
  if (daemon.managed) await doubtUses(driver)
  await driver.clients.close()
  if (daemon.managed) await leaveStopMark(daemon.runtimeDir)
  return 0
}

async function restoreInBackground(driver: Driver, loaded: LoadedState): Promise<void> {
  try {
    await reconcile(driver, loaded)
  } catch (thrown) {
    driver.emit('daemon.restore', {
      error: formatError(toLocketError(thrown)),
    })
  }
}

/** What is being answered is answered: a connection cut in the middle makes the engine repeat the request without its body. */
async function finishRequests(server: ReturnType<typeof buildServer>, clock: Driver['clock']): Promise<void> {
  const closed = Promise.withResolvers<void>()
  server.server.close(() => closed.resolve())
  server.server.closeIdleConnections()
  const patience = new AbortController()
  await Promise.race([closed.promise, clock.sleep(SHUTDOWN_MS, patience.signal).catch(() => {})])
  // A timer or a connection that is left would keep the process alive.
  patience.abort()
  server.server.closeAllConnections()
  await server.close()
}

function untilAborted(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  if (signal.aborted) resolve()
  signal.addEventListener('abort', () => resolve(), { once: true })
  return promise
}
