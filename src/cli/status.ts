import { setTimeout as sleep } from 'node:timers/promises'
import type { DaemonReport } from '../app/admin/report.ts'
import { statusText, swarmStatusText } from '../app/admin/text.ts'
import { loadCommand } from '../config/load.ts'
import { adminSection, statusSection } from '../config/sections/daemon.ts'
import { toLocketError } from '../core/vocabulary/errors.ts'
import type { AdminClient } from '../http/admin/client.ts'
import type { Command, CommandContext } from './define.ts'
import { errorLines } from './terminal/error-lines.ts'
import { paintFor } from './terminal/paint.ts'

const SECTIONS = { status: statusSection, admin: adminSection }
const PAUSE_MS = 2000
/** Moves to the top left, and erases from there to the end of the screen. */
const CLEAR = '\u001b[H\u001b[J'

/** The command `locket status`. */
export const command: Command = {
  usage: [
    'locket status [FLAGS]',
    '',
    'Shows what the daemon on this machine knows: the plugin, or a `locket volume`. Root only. Never a value.',
  ],
  example: 'sudo locket status --watch',
  sections: Object.values(SECTIONS),
  async run(context) {
    const { name, argv, env, stdout, signal } = context
    const { settings } = loadCommand({ name, sections: SECTIONS, argv, env })
    const { format, watch, swarm } = settings.status
    const isJson = format === 'json'
    const { connectDaemon } = await import('./admin/connect.ts')
    const { client, report } = await connectDaemon(settings.admin.socket, signal)
    const text = (now: DaemonReport) =>
      isJson
        ? `${JSON.stringify(swarm ? swarmOf(now) : now, null, watch ? 0 : 2)}\n`
        : tableOf(now, context, swarm)
    if (!watch) stdout.write(text(report))
    else await watchDaemon(client, context, { text, isRedrawn: stdout.isTTY && !isJson })
    return 0
  },
}

function swarmOf({ version, now, swarm }: DaemonReport): object {
  return { version, now, swarm: swarm ?? { secrets: [], troubles: [] } }
}

function tableOf(report: DaemonReport, context: CommandContext, isSwarm: boolean): string {
  const { stdout } = context
  const columns = stdout.isTTY ? Math.max(40, stdout.columns) : undefined
  return (isSwarm ? swarmStatusText : statusText)(report, { paint: paintFor(context), columns })
}

interface Watching {
  readonly text: (report: DaemonReport) => string
  readonly isRedrawn: boolean
}

/** Shows the status again and again until the signal aborts. A daemon that is away is waited for. */
async function watchDaemon(
  client: AdminClient,
  { stdout, signal }: CommandContext,
  { text, isRedrawn }: Watching,
): Promise<void> {
  while (!signal.aborted) {
    const shown = await client
      .status(signal)
      .then(text, (thrown: unknown) => errorLines(toLocketError(thrown)))
    if (signal.aborted) return
    stdout.write(isRedrawn ? `${CLEAR}${shown}` : shown)
    await sleep(PAUSE_MS, undefined, { signal }).catch(() => undefined)
  }
}
