import { planPrune, pruneVolumes, stillDoomed, type PruneRow } from '../app/prune/prune.ts'
import { loadCommand } from '../config/load.ts'
import { pruneSection } from '../config/volume/prune-section.ts'
import { tableLines } from '../core/text/table.ts'
import { counted } from '../core/text/units.ts'
import { ERROR_KINDS, LocketError, onOneLine } from '../core/vocabulary/errors.ts'
import { parseVolumeFilter } from '../core/volume/volume-filter.ts'
import { engineSocket } from './admin/engine-socket.ts'
import type { Action, Command, CommandContext } from './define.ts'
import { agree } from './terminal/agree.ts'
import { openPrompt } from './terminal/prompt.ts'

const SECTIONS = { prune: pruneSection }
const ACTIONS: ReadonlyMap<string, Action> = new Map([['prune', { sections: [pruneSection] }]])

/** Calls to the daemon, which are actions of another command. */
const OF_THE_DAEMON: readonly string[] = ['refresh', 'render', 'release']

/** The command `locket volumes`: the volumes of the driver that an engine keeps. */
export const command: Command = {
  usage: [
    'locket volumes prune [FLAGS]             removes volumes that removed services left on this node',
    '',
    'Asks the engine on this machine, as root. It removes volumes of this driver only, which no container',
    'mounts, running or not, and, on a manager, no service. Volumes hold no values while they are not mounted;',
    'a service that needs one again makes it again.',
  ],
  example: 'sudo locket volumes prune --dry-run',
  sections: [pruneSection],
  actions: ACTIONS,
  async run(context) {
    const [word = '', ...argv] = context.argv
    if (!ACTIONS.has(word)) throw otherWord(word)
    const { env, signal, stdout } = context
    const { settings } = loadCommand({ name: 'volumes prune', sections: SECTIONS, argv, env })
    const { dryRun, force, all, filters: written = [], driver } = settings.prune
    const filters = written.map(parseVolumeFilter)
    const { loadEngineClients, systemClock } = await import('../wire.ts')
    const { openEngineVolumes } = await loadEngineClients()
    const engine = openEngineVolumes(engineSocket(settings.prune), systemClock())
    const look = () => planPrune(engine, { driver, all, filters }, signal)
    const plan = await look()
    const doomed = plan.filter(({ outcome }) => outcome === 'doomed').length
    if (dryRun || doomed === 0) {
      stdout.write(textOf(plan))
      return 0
    }
    if (!force) await confirm(doomed, plan, context)
    // A person may have taken an hour to answer.
    const agreed = force ? plan : stillDoomed(plan, await look())
    const rows = await pruneVolumes(engine, agreed, { driver, signal })
    stdout.write(textOf(rows))
    return rows.some(({ outcome }) => outcome === 'failed') ? ERROR_KINDS.unavailable.exit : 0
  },
}

function otherWord(word: string): LocketError {
  const hint = OF_THE_DAEMON.includes(word) ? `\`locket volume ${word}\` does that` : 'locket help volumes'
  return new LocketError('usage', 'locket volumes takes prune', { hint })
}

/** Returns when a person agrees. Throws `usage` when there is no terminal to ask on. */
async function confirm(
  count: number,
  plan: readonly PruneRow[],
  { stdin, stderr, signal }: CommandContext,
): Promise<void> {
  const isTerminal = stdin.isTTY && stderr.isTTY
  if (isTerminal) stderr.write(textOf(plan))
  using prompt = isTerminal ? openPrompt(stdin, stderr, signal) : undefined
  await agree(prompt, {
    what: `${counted(count, 'volume')} would be removed`,
    question: 'Remove?',
    nothing: 'nothing was removed',
    hint: 'remove them with --force, or look at them with --dry-run',
  })
}

const SHOWN = { doomed: 'would be removed', removed: 'removed', kept: 'kept', failed: 'failed' }

function textOf(rows: readonly PruneRow[]): string {
  if (rows.length === 0) return 'no volume of this driver fits\n'
  const lines = tableLines([
    ['volume', 'result', 'why'].map((text) => ({ text })),
    ...rows.map(({ name, outcome, reason }) => [
      { text: onOneLine(name) },
      { text: SHOWN[outcome] },
      { text: onOneLine(reason) },
    ]),
  ])
  const counts = (['removed', 'doomed', 'failed', 'kept'] as const).flatMap((outcome) => {
    const count = rows.filter((row) => row.outcome === outcome).length
    return count === 0 ? [] : [`${count} ${SHOWN[outcome]}`]
  })
  return [...lines, counts.join(', ')].map((line) => `${line}\n`).join('')
}
