import type { Driver } from '../app/driver.ts'
import { loadRecords, reconcile } from '../app/restore.ts'
import { loadVolumeCommand } from '../config/load.ts'
import { formatError, isLocketError, toLocketError } from '../core/errors.ts'
import type { LoadedState, Log, Store } from '../core/ports.ts'
import { volumeDriver } from '../http/docker/volume-driver.ts'
import { buildServer } from '../http/server.ts'
import { listenOn, logOf, notifyReady, openDriver, openStore } from '../wire.ts'
import type { Command } from './define.ts'

const SHUTDOWN_MS = 8000

/** `locket volume`: the driver, until a signal. Mounts stay when it stops: containers are using them. */
export const command: Command = {
  async run({ argv, env, signal }) {
    const { daemon, log: logSettings } = loadVolumeCommand(argv, env)
    const log = logOf(logSettings)
    const { store, warnings } = await openStore(daemon)
    const loaded = await loadState(store, daemon.resetState)
    for (const warning of [...warnings, ...loaded.warnings]) log.warn('state.warning', warning)
    const driver = openDriver(daemon, store, log, signal)
    loadRecords(driver, loaded)
    const server = buildServer(log)
    volumeDriver(server, driver)
    const where = await listenOn(server, daemon.socket, env)
    log.info('daemon.listening', 'listening', { socket: where, volumes: loaded.records.length })
    notifyReady(env, log)
    await Promise.all([restoreInBackground(driver, loaded, log), aborted(signal)])
    log.info('daemon.stopping', 'stopping, mounts are kept')
    await Promise.race([server.close(), driver.clock.sleep(SHUTDOWN_MS)])
    await driver.clients.close()
    return 0
  },
}

/** With `--reset-state` a state that cannot be read is no reason to refuse; its files are kept. */
async function loadState(store: Store, reset: boolean): Promise<LoadedState> {
  try {
    return await store.load()
  } catch (thrown) {
    if (!reset || !isLocketError(thrown) || thrown.code !== 'state_corrupt') throw thrown
    return { records: [], source: 'none', warnings: [`started with no volumes, as asked: ${thrown.message}`] }
  }
}

async function restoreInBackground(driver: Driver, loaded: LoadedState, log: Log): Promise<void> {
  try {
    await reconcile(driver, loaded)
  } catch (thrown) {
    log.error('daemon.restore', 'volumes could not be reconciled with the mount table', {
      error: formatError(toLocketError(thrown)),
    })
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  if (signal.aborted) resolve()
  signal.addEventListener('abort', () => resolve(), { once: true })
  return promise
}
