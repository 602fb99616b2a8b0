import { flagWords, type FlagWords } from '../../config/describe/flag-words.ts'
import type { Action, CommandEntry, Operands } from '../define.ts'

/** A command as a shell completes it. The scripts of all shells are made from these. */
export interface CompletedCommand {
  readonly name: string
  readonly summary: string
  readonly flags: readonly FlagWords[]
  /** Its own commands. Each has flags of its own. */
  readonly actions: readonly CompletedAction[]
  readonly takes: Operands | 'nothing'
}

export type CompletedAction = Omit<CompletedCommand, 'actions' | 'summary'>

/** Loads every command of the registry and returns what a shell completes, `locket help COMMAND` included. */
export async function completedCommands(
  entries: readonly CommandEntry[],
): Promise<readonly CompletedCommand[]> {
  const help = { summary: 'tell what a command does', flags: [], takes: 'nothing' } as const
  const names = entries.map(({ name }) => ({ name, flags: [], takes: 'nothing' }) as const)
  const commands = await Promise.all(entries.map(completedCommand))
  return [...commands, { ...help, name: 'help', actions: names }]
}

async function completedCommand({ name, summary, load }: CommandEntry): Promise<CompletedCommand> {
  const { command } = await load()
  const { sections, more = [], takes = 'nothing', actions = new Map<string, Action>() } = command
  return {
    name,
    summary,
    flags: [...flagWords([...sections, ...more]), ...HELP],
    takes,
    actions: Array.from(actions, ([action, own]) => ({
      name: action,
      flags: [...flagWords(own.sections), ...HELP],
      takes: own.takes ?? 'nothing',
    })),
  }
}

const HELP: readonly FlagWords[] = [
  { names: ['--help', '-h'], summary: 'tell about these flags', isList: false, placeholder: '' },
  { names: ['--help-all'], summary: 'tell everything about every flag', isList: false, placeholder: '' },
]
