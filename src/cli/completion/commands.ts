import { flagWords, type FlagWords } from '../../config/describe/flag-words.ts'
import type { Action, CommandEntry, Operands } from '../define.ts'

/** The words of a command for shell completion. The scripts of all shells are made from these objects. */
export interface CompletedCommand {
  readonly name: string
  readonly summary: string
  readonly flags: readonly FlagWords[]
  /** The actions of the command. Each has its own flags. */
  readonly actions: readonly CompletedAction[]
  /** True: without an action, the command takes its own flags. */
  readonly runsAlone?: true | undefined
  readonly takes: Operands | 'nothing'
}

type CompletedAction = Omit<CompletedCommand, 'actions' | 'summary' | 'runsAlone'>

/** Loads every command of the registry and returns what a shell completes, `locket help COMMAND` included. */
export async function completedCommands(
  entries: readonly CommandEntry[],
): Promise<readonly CompletedCommand[]> {
  const help = { summary: 'show the help of a command', flags: [], takes: 'nothing' } as const
  const names = entries.map(({ name }) => ({ name, flags: [], takes: 'nothing' }) as const)
  const commands = await Promise.all(entries.map(completedCommand))
  return [...commands, { ...help, name: 'help', actions: names }]
}

async function completedCommand({ name, summary, load }: CommandEntry): Promise<CompletedCommand> {
  const { command } = await load()
  const { sections, more = [], takes = 'nothing', runsAlone } = command
  const { actions = new Map<string, Action>() } = command
  return {
    name,
    summary,
    flags: [...flagWords([...sections, ...more]), ...HELP],
    takes,
    runsAlone,
    actions: Array.from(actions, ([action, own]) => ({
      name: action,
      flags: [...flagWords(own.sections), ...HELP],
      takes: own.takes ?? 'nothing',
    })),
  }
}

const HELP: readonly FlagWords[] = [
  { names: ['--help', '-h'], summary: 'show the common flags', isList: false, placeholder: '' },
  { names: ['--help-all'], summary: 'show every flag with its variable', isList: false, placeholder: '' },
]
