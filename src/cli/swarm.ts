import type { RotateRow } from '../app/swarm/redeploy.ts'
import { rotateOnce } from '../app/swarm/rotate.ts'
import { rotateUntil } from '../app/swarm/rotate-until.ts'
import { loadRotateCommand } from '../config/volume/rotate.ts'
import { ROTATE_DAEMON_SECTIONS, rotateSection } from '../config/volume/rotate-section.ts'
import { configFileSection } from '../config/sections/config-file.ts'
import { tableLines } from '../core/text/table.ts'
import { ERROR_KINDS, LocketError, onOneLine } from '../core/vocabulary/errors.ts'
import { engineSocket } from './admin/engine-socket.ts'
import type { Action, Command, CommandContext } from './define.ts'

const ACTIONS: ReadonlyMap<string, Action> = new Map([
  ['rotate', { sections: [rotateSection, configFileSection] }],
])

type Settings = ReturnType<typeof loadRotateCommand>

/** The command `locket swarm`. */
export const command: Command = {
  usage: [
    'locket swarm rotate [FLAGS]              redeploys services whose Swarm secrets have changed',
    '',
    'Runs on a manager, as root, with the socket of its engine. It redeploys services that have the label',
    'locket.rotate=redeploy, after it has read their new values. Takes the flags of `locket volume` for',
    'providers and the daemon too (--help-all lists them), and its variables and files of settings.',
  ],
  example: 'sudo locket swarm rotate --dry-run',
  sections: [rotateSection, configFileSection],
  more: ROTATE_DAEMON_SECTIONS.filter((section) => section !== configFileSection),
  actions: ACTIONS,
  async run({ argv, env, tables, signal, stdout }) {
    const [word = '', ...rest] = argv
    if (!ACTIONS.has(word))
      throw new LocketError('usage', 'locket swarm takes rotate', { hint: 'locket help swarm' })
    const { settings, daemon, log, exposed } = loadRotateCommand({ argv: rest, env, tables })
    await using ports = await openPorts(settings, daemon, { log, exposed, env, signal })
    if (settings.watch && !settings.dryRun) {
      await rotateUntil(ports, settings.intervalMs)
      return 0
    }
    const show = (rows: readonly RotateRow[]) => stdout.write(textOf(rows, settings.dryRun))
    await ports.engine.leads(signal)
    let rows = await rotateOnce(ports, settings.dryRun)
    for (let due = waitOf(rows); due > 0 && !settings.dryRun; due = waitOf(rows)) {
      show(rows)
      await ports.clock.sleep(due, signal)
      rows = await rotateOnce(ports, false)
    }
    show(rows)
    return rows.some(({ outcome }) => outcome === 'failed') ? ERROR_KINDS.unavailable.exit : 0
  },
}

async function openPorts(
  { driver }: Settings['settings'],
  daemon: Settings['daemon'],
  { log, exposed, env, signal }: Pick<Settings, 'log' | 'exposed'> & Pick<CommandContext, 'env' | 'signal'>,
) {
  const wire = await import('../wire.ts')
  const emit = wire.openCommandEvents(log, exposed)
  const rendering = wire.openRendering(emit, env)
  const places = {
    dir: `${daemon.stateDir ?? '/var/lib/locket'}/swarm`,
    socket: engineSocket(daemon),
  }
  const { openRotation } = await wire.loadEngineClients()
  const onWait = (holder: Parameters<typeof emit<'daemon.waiting'>>[1]) => emit('daemon.waiting', holder)
  const rotation = await openRotation(places, rendering.clock, { signal, onWait })
  return {
    ...rendering,
    ...rotation,
    driver,
    swarm: daemon.swarm,
    settleMs: daemon.swarm.ttlMs + daemon.cacheTtlMs,
    signal,
    async [Symbol.asyncDispose]() {
      rotation.key.wipe()
      await rendering.clients.close()
    },
  }
}

/** Returns the milliseconds until the next service may be redeployed; 0 when none waits. */
function waitOf(rows: readonly RotateRow[]): number {
  const waits = rows.flatMap(({ dueInMs }) => dueInMs ?? [])
  return waits.length === 0 ? 0 : Math.max(1, Math.min(...waits))
}

function textOf(rows: readonly RotateRow[], isDry: boolean): string {
  if (rows.length === 0)
    return 'no service has the label locket.rotate=redeploy and a secret of this driver\n'
  const lines = tableLines([
    ['service', 'outcome', 'changed secrets', 'note'].map((text) => ({ text })),
    ...rows.map((row) => [
      { text: onOneLine(row.service) },
      { text: row.outcome },
      { text: onOneLine(row.secrets.join(', ')) || '-' },
      { text: onOneLine(noteOf(row, isDry)) },
    ]),
  ])
  return lines.map((line) => `${line}\n`).join('')
}

function noteOf({ outcome, dueInMs, reason }: RotateRow, isDry: boolean): string {
  if (reason !== undefined) return reason
  if (outcome === 'noted') return 'seen for the first time: a change from now on redeploys it'
  if (dueInMs === undefined) return ''
  if (isDry) return 'would be redeployed'
  return `redeployed in ${Math.ceil(dueInMs / 1000)} s, when no plugin has the old value in memory`
}
