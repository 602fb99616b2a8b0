import { delayRefusal, runDaemon, type SocketListener } from '../app/volume/daemon.ts'
import type { Driver } from '../app/volume/driver.ts'
import { loadVolumeCommand } from '../config/load.ts'
import { ERROR_KINDS, formatError, toLocketError } from '../core/vocabulary/errors.ts'
import { servePlugin } from '../http/docker/plugin.ts'
import { buildServer, closeServer } from '../http/server.ts'
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

export const command: Command = {
  async run(context) {
    try {
      return await serve(context)
    } catch (thrown) {
      if (!context.argv.includes('--managed')) throw thrown
      const reason = toLocketError(thrown)
      context.stderr.write(`locket: ${formatError(reason)}\n`)
      await delayRefusal(systemClock(), context.signal)
      return ERROR_KINDS[reason.code].exit
    }
  },
}

/** Loads the settings and runs the daemon on the real machine. Its order of start and stop is in `daemon.ts`. */
async function serve({ argv, env, signal }: CommandContext): Promise<number> {
  const { daemon, log: logSettings } = loadVolumeCommand(argv, env)
  const emit = await openDaemonEvents(logSettings)
  if (env['NODE_TLS_REJECT_UNAUTHORIZED'] === '0') emit('tls.checked')
  const { managed, runtimeDir } = daemon
  const stopMark = {
    takeFresh: () => takeFreshStopMark(runtimeDir, systemClock().now()),
    leave: () => leaveStopMark(runtimeDir),
  }
  const ports = {
    emit,
    openStore: () => openStore(daemon),
    openDriver: (store: Parameters<typeof openDriver>[1]) =>
      openDriver(daemon, store, { emit, env, stopping: signal }),
    openListener: (driver: Driver) => openListener(driver, daemon.socket, env),
    notifyReady: () => notifySystemd(env, 'READY=1'),
    stopMark: managed ? stopMark : undefined,
  }
  return runDaemon(ports, signal)
}

async function openListener(
  driver: Driver,
  path: string,
  env: CommandContext['env'],
): Promise<SocketListener> {
  const server = buildServer(driver.emit)
  servePlugin(server, driver)
  const careForHeap = openHeapCare()
  server.addHook('onResponse', async () => careForHeap())
  await server.ready()
  return {
    listen: () => listenAsDaemon(server.server, path, env),
    close: () => closeServer(server, driver.clock),
  }
}
