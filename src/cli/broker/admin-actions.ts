import { brokerAdminSection } from '../../config/broker/admin-section.ts'
import { loadBrokerCommand } from '../../config/broker/load-admin.ts'
import type { Loaded, Sections } from '../../config/load.ts'
import { configFileSection } from '../../config/sections/config-file.ts'
import { tableLines } from '../../core/text/table.ts'
import { nearest } from '../../core/text/nearest.ts'
import { LocketError } from '../../core/vocabulary/errors.ts'
import type { Action, CommandContext } from '../define.ts'
import type { BrokerAdminClient } from '../../http/broker-client/admin-client.ts'

/** An action of a command that calls the admin API. */
export interface AdminAction extends Action {
  run(name: string, context: CommandContext): Promise<void>
}

/** The sections of every action. */
const ADMIN = { admin: brokerAdminSection, configFile: configFileSection } as const

/** The call of an action. */
export interface ActionCall<S extends Sections> extends Loaded<S> {
  readonly context: CommandContext
  readonly client: BrokerAdminClient
}

/**
 * Returns an action that loads its settings, finds the broker and calls `body`. `command` is the command's
 * name; `positionals` are as in `LoadRequest`.
 */
export function adminAction<S extends Sections>(
  command: string,
  sections: S,
  positionals: readonly string[],
  body: (call: ActionCall<S & typeof ADMIN>) => Promise<void>,
): AdminAction {
  const all = { ...sections, ...ADMIN }
  return {
    sections: Object.values(all),
    async run(name, context) {
      const { argv, env, isRoot, tables, signal } = context
      const loaded = loadBrokerCommand({
        name: `${command} ${name}`,
        sections: all,
        argv: argv.slice(1),
        env,
        isRoot,
        positionals,
        tables,
      })
      const { openBrokerAdmin } = await import('../../http/broker-client/admin-client.ts')
      const client = await openBrokerAdmin(loaded.settings.admin, signal)
      await body({ ...loaded, context, client })
    },
  }
}

/** Runs the action that the first argument names. Throws `usage` if there is none. */
export async function runAction(
  actions: ReadonlyMap<string, AdminAction>,
  context: CommandContext,
): Promise<number> {
  const [name = ''] = context.argv
  const chosen = actions.get(name)
  if (chosen === undefined) {
    const near = nearest(name, actions.keys())
    throw new LocketError('usage', `locket ${context.name} takes one of ${[...actions.keys()].join(', ')}`, {
      hint: near === undefined ? `\`locket ${context.name} --help\` tells more` : `did you mean ${near}?`,
    })
  }
  await chosen.run(name, context)
  return 0
}

/** Returns rows as a table with a line break after each. */
export function tableText(rows: readonly (readonly string[])[]): string {
  return tableLines(rows.map((row) => row.map((text) => ({ text }))))
    .map((line) => `${line}\n`)
    .join('')
}

/** Returns `2026-11-30 10:00` for a moment, and `-` for none. */
export function shownTime(moment: string | undefined): string {
  return moment === undefined ? '-' : moment.slice(0, 16).replace('T', ' ')
}

/**
 * Parses `PROJECT/NAME`, or `NAME` of a project that is known. `PROJECT/*` means all secrets of a project.
 * Throws `usage`.
 */
export function readPlace(
  text: string,
  project?: string,
): { readonly project: string; readonly name: string } {
  const [first = '', second, ...others] = text.split('/')
  if (second !== undefined && others.length === 0) return { project: first, name: second }
  if (second === undefined && project !== undefined) return { project, name: first }
  throw new LocketError('usage', `${JSON.stringify(text.slice(0, 80))} is not the name of a secret`, {
    hint: 'write PROJECT/NAME, or NAME with --project PROJECT',
  })
}
