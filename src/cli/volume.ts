import { createCounts } from '../app/admin/metrics/counts.ts'
import { delayRefusal, runDaemon, type OpenedStore, type SocketListener } from '../app/volume/daemon.ts'
import type { Driver } from '../app/volume/driver.ts'
import { loadVolumeCommand } from '../config/load.ts'
import { adminSection, dryRunSection } from '../config/sections/daemon.ts'
import { VOLUME_SECTIONS } from '../config/sections/volume.ts'
import type { DaemonConfig } from '../config/volume/volume-config.ts'
import { nearest } from '../core/text/nearest.ts'
import { ERROR_KINDS, LocketError, toLocketError } from '../core/vocabulary/errors.ts'
import type { EarlyServer } from '../http/early-server.ts'
import type { Action, Command, CommandContext } from './define.ts'
import { errorLines } from './terminal/error-lines.ts'

/** The calls to a daemon that runs. Without one of these words, the command is the daemon. */
const ACTIONS: ReadonlyMap<string, Action> = new Map([
  ['refresh', { sections: [adminSection] }],
  ['render', { sections: [dryRunSection, adminSection] }],
  ['release', { sections: [adminSection] }],
])

/** The command `locket volume`. With `--managed` a failed start waits before it ends (`delayRefusal`). */
export const command: Command = {
  usage: [
    'locket volume [FLAGS]                    serves the driver until it is stopped',
    'locket volume refresh NAME               asks for the values of a mounted volume again, now',
    'locket volume render NAME --dry-run      shows what a mount would write: names and sizes',
    'locket volume release NAME [ID]          ends a mount reference that the engine has lost',
  ],
  example: 'locket volume --config /etc/locket/locket.toml',
  sections: [...VOLUME_SECTIONS, dryRunSection],
  actions: ACTIONS,
  runsAlone: true,
  async run(context) {
    const [word = ''] = context.argv
    if (ACTIONS.has(word)) return await (await import('./admin/by-hand.ts')).runByHand(word, context)
    if (word === 'prune')
      throw new LocketError('usage', 'locket volume is the daemon, or a call of one daemon', {
        hint: '`locket volumes prune` removes volumes that nobody uses',
      })
    const near = /^[a-z]/.test(word) ? nearest(word, ACTIONS.keys()) : undefined
    if (near !== undefined)
      throw new LocketError('usage', 'locket volume takes flags, or refresh, render or release', {
        hint: `did you mean ${near}?`,
      })
    try {
      return await serve(context)
    } catch (thrown) {
      if (!context.argv.includes('--managed')) throw thrown
      const reason = toLocketError(thrown)
      context.stderr.write(errorLines(reason))
      const { systemClock } = await import('../wire.ts')
      await delayRefusal(systemClock(), context.signal)
      return ERROR_KINDS[reason.code].exit
    }
  },
}

/**
 * Loads the settings, runs the daemon on the real machine, and returns its exit code. The order of start and
 * stop is in `app/volume/daemon.ts`.
 */
async function serve({ argv, env, signal, tables }: CommandContext): Promise<number> {
  const { daemon, log: logSettings, fault, exposed } = loadVolumeCommand({ argv, env, tables })
  const wire = await import('../wire.ts')
  const counts = createCounts()
  const emit = await wire.openDaemonEvents({ ...logSettings, journal: env['JOURNAL_STREAM'] }, [counts.hear])
  if (exposed.length > 0) emit('flags.exposed', { flags: exposed })
  await wire.holdFolders(daemon, emit, signal)
  if (env['NODE_TLS_REJECT_UNAUTHORIZED'] === '0') emit('tls.checked')
  const { managed, runtimeDir } = daemon
  const stopMark = {
    takeFresh: () => wire.takeFreshStopMark(runtimeDir, wire.systemClock().now()),
    leave: () => wire.leaveStopMark(runtimeDir),
  }
  const ports = {
    emit,
    fault,
    openStore: () => wire.openStore(daemon),
    openDriver: (opened: OpenedStore, reason?: LocketError) =>
      wire.openDriver(refusing(daemon, reason), opened, { emit, env, stopping: signal }),
    openListener: (driver: Driver) => openListener(driver, daemon.socket, env),
    openView: async (driver: Driver) => {
      const { openView } = await import('../http/admin/open-view.ts')
      return await openView(driver, { ...daemon, counts, listen: wire.listenAsAdmin })
    },
    notifyReady: () => wire.notifySystemd(env, 'READY=1'),
    stopMark: managed ? stopMark : undefined,
  }
  return runDaemon(ports, signal)
}

/** With a reason, no volume and no Swarm secret has a configuration: whatever needs one fails with it. */
function refusing(daemon: DaemonConfig, reason: LocketError | undefined): DaemonConfig {
  if (reason === undefined) return daemon
  const refuse = (): never => {
    throw reason
  }
  return { ...daemon, volumeConfig: refuse, swarm: { ...daemon.swarm, secretConfig: refuse } }
}

/**
 * The socket accepts connections before fastify is loaded, which takes as long as all that comes before it.
 * Requests that arrive meanwhile wait.
 */
async function openListener(
  driver: Driver,
  path: string,
  env: CommandContext['env'],
): Promise<SocketListener> {
  const { openEarlyServer } = await import('../http/early-server.ts')
  const { listenAsDaemon } = await import('../wire.ts')
  const early = openEarlyServer(driver.clock)
  const name = await listenAsDaemon(early.server, path, env)
  try {
    return { name, close: await answerRequests(driver, early) }
  } catch (thrown) {
    // An open socket would keep the process alive.
    early.server.close()
    throw thrown
  }
}

/** Returns the function that stops it. */
async function answerRequests(driver: Driver, early: EarlyServer): Promise<() => Promise<void>> {
  const { servePlugin } = await import('../http/docker/plugin.ts')
  const { buildServer, closeServer } = await import('../http/server.ts')
  const server = buildServer(driver.emit, driver.clock, early)
  servePlugin(server, driver)
  server.addHook('onResponse', async () => driver.careForHeap())
  await server.ready()
  early.serve((request, response) => server.routing(request, response))
  return () => closeServer(server, driver.clock)
}
