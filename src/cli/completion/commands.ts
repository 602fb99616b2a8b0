import { flagWords, type FlagWords } from '../../config/describe/flag-words.ts'
import type { CommandSummary } from '../define.ts'
import { PAGES, type Page } from '../help/page.ts'

/** A command as a shell completes it: every shell's script is made of these. */
export interface CompletedCommand {
  readonly name: string
  readonly summary: string
  readonly flags: readonly FlagWords[]
  /** Its own commands; each has its own flags. */
  readonly actions: readonly Omit<CompletedCommand, 'actions' | 'summary'>[]
  readonly takes: 'files' | 'command' | 'nothing'
}

export function completedCommands(commands: readonly CommandSummary[]): readonly CompletedCommand[] {
  const help = { summary: 'tell what a command does', flags: [], takes: 'nothing' } as const
  const names = commands.map(({ name }) => ({ name, flags: [], takes: 'nothing' }) as const)
  return [
    ...commands.map(({ name, summary }) => ({ name, summary, ...completed(PAGES[name]) })),
    { ...help, name: 'help', actions: names },
  ]
}

/** Without a page a command is completed by its name alone. */
function completed(page: Page | undefined): Omit<CompletedCommand, 'name' | 'summary'> {
  const { sections = [], more = [], actions = {}, takes = 'nothing' } = page ?? {}
  return {
    flags: [...flagWords([...sections, ...more]), ...HELP],
    takes: typeof takes === 'string' ? takes : 'nothing',
    actions: Object.entries(actions).map(([name, own]) => ({
      name,
      flags: [...flagWords(own), ...HELP],
      takes: typeof takes === 'string' ? 'nothing' : (takes[name] ?? 'nothing'),
    })),
  }
}

const HELP: readonly FlagWords[] = [
  { names: ['--help', '-h'], summary: 'tell about these flags', isList: false, placeholder: '' },
  { names: ['--help-all'], summary: 'tell everything about every flag', isList: false, placeholder: '' },
]
