import { dryRunText } from '../../app/admin/text.ts'
import { loadCommand } from '../../config/load.ts'
import { adminSection, dryRunSection } from '../../config/sections/daemon.ts'
import { LocketError } from '../../core/vocabulary/errors.ts'
import type { AdminClient } from '../../http/admin/client.ts'
import type { CommandContext } from '../define.ts'
import { connectDaemon } from './connect.ts'

const ALL = { admin: adminSection }
const RENDER = { ...ALL, render: dryRunSection }

/** Runs `locket volume refresh`, `render` or `release`, and returns the exit code. */
export async function runByHand(action: string, context: CommandContext): Promise<number> {
  const { argv, env, stdout, signal } = context
  const positionals = action === 'release' ? ['NAME', '[ID]'] : ['NAME']
  const request = { name: `volume ${action}`, argv: argv.slice(1), env, positionals }
  if (action === 'render') refuseToWrite(loadCommand({ ...request, sections: RENDER }).settings.render.dryRun)
  const sections = action === 'render' ? RENDER : ALL
  const { settings, positionals: words } = loadCommand({ ...request, sections })
  const [name = '', id] = words
  const { client } = await connectDaemon(settings.admin.socket, signal)
  stdout.write(await answerTo(action, client, { name, id, signal }))
  return 0
}

function refuseToWrite(isDryRun: boolean): void {
  if (isDryRun) return
  throw new LocketError('usage', 'locket volume render only shows what a mount would write: add --dry-run', {
    hint: '`locket volume refresh NAME` renders the files of a mounted volume',
  })
}

interface Call {
  readonly name: string
  readonly id: string | undefined
  readonly signal: AbortSignal
}

async function answerTo(action: string, client: AdminClient, { name, id, signal }: Call): Promise<string> {
  if (action === 'render') return dryRunText(await client.dryRun(name, signal))
  if (action === 'refresh') {
    const { changed, removed, generation } = await client.refresh(name, signal)
    const which = generation === null ? '' : `, generation ${generation}`
    if (changed + removed === 0) return `${name}: nothing has changed${which}\n`
    return `${name}: new content is in place: ${changed} changed, ${removed} removed${which}\n`
  }
  const { id: released, left, isWiped } = await client.release(name, id, signal)
  const what = released === null ? 'the unrecorded mount' : released.slice(0, 12)
  const then =
    left > 0 ? `mounts left: ${left}` : isWiped ? 'wiped and unmounted' : 'the wipe failed, see locket status'
  return `${name}: released ${what}; ${then}\n`
}
