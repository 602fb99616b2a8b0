import { fullHelp, groupHelp, shortHelp } from '../../config/describe/describe.ts'
import { PROVIDER_SECTIONS, providerSection } from '../../config/sections/rendering.ts'
import type { Section } from '../../settings/field.ts'
import type { Command, CommandEntry } from '../define.ts'

/** The part of a help page that the user asked for. */
interface HelpRequest {
  /** The name of an action of the command. Any other word is ignored. */
  readonly action?: string | undefined
  /** True: show every flag, with its variable and default. False: show the common flags in short. */
  readonly isAll: boolean
}

/** Returns the help page of a command: summary, usage, flags in groups, example. */
export function commandPage(
  { name, summary }: Pick<CommandEntry, 'name' | 'summary'>,
  command: Command,
  { action = '', isAll }: HelpRequest,
): string {
  const own = command.actions?.get(action)
  const words = own === undefined ? name : `${name} ${action}`
  const usage = command.usage.filter((line) => own === undefined || `${line} `.startsWith(`locket ${words} `))
  const [first = '', ...others] = usage
  const { sections } = own ?? command
  const more = command.more ?? []
  const hasMore = more.length > 0 || sections.some((section) => isFolded(section, sections))
  return [
    `${summary[0]?.toUpperCase()}${summary.slice(1)}.`,
    '',
    `Usage: ${first}`,
    ...others.map((line) => `       ${line}`.trimEnd()),
    '',
    ...(isAll ? [...sections, ...more].flatMap(fullHelp) : shortLines(sections)),
    `Example: ${command.example}`,
    '',
    ...(isAll || sections.length === 0
      ? []
      : [
          `\`locket ${words} --help-all\` shows ${hasMore ? 'every flag, and ' : ''}the variable of each flag.`,
          '',
        ]),
  ].join('\n')
}

/** Returns the lines of `--help`. Each provider is one line below the setting that chooses a provider. */
function shortLines(sections: readonly Section[]): string[] {
  const folded = sections.filter((section) => isFolded(section, sections))
  const shown = sections.filter((section) => !folded.includes(section))
  return shown.flatMap((section) =>
    section === providerSection && folded.length > 0
      ? [...shortHelp(section).slice(0, -1), ...folded.map(groupHelp), '']
      : shortHelp(section),
  )
}

/**
 * Tells whether the section is shown as one line. A command without the setting `provider`, like `locket
 * secret`, shows the settings of its one provider in full.
 */
function isFolded(section: Section, sections: readonly Section[]): boolean {
  return PROVIDER_SECTIONS.includes(section) && sections.includes(providerSection)
}
