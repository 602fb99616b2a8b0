import { fullHelp, groupHelp, shortHelp, wrap } from '../../config/describe/describe.ts'
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
  return [
    `${summary[0]?.toUpperCase()}${summary.slice(1)}.`,
    '',
    `Usage: ${first}`,
    ...others.map((line) => `       ${line}`.trimEnd()),
    '',
    ...(isAll ? [...sections, ...more].flatMap(fullHelp) : shortLines(sections)),
    `Example: ${command.example}`,
    '',
    ...(isAll || sections.length === 0 ? [] : [...wrap(allLine(words, sections, more), 106), '']),
  ].join('\n')
}

/** Says what `--help-all` shows besides. */
function allLine(words: string, sections: readonly Section[], more: readonly Section[]): string {
  const isPart = (section: Section) =>
    isFolded(section, sections) || Object.values(section.fields).some(({ isRare }) => isRare === true)
  const titles = more.filter((section) => !PROVIDER_SECTIONS.includes(section)).map(({ title }) => title)
  const also = titles.length === 0 ? '' : ` (also: ${titles.join(', ')})`
  const flags = more.length > 0 || sections.some(isPart) ? `every flag${also}, and ` : ''
  return `\`locket ${words} --help-all\` shows ${flags}the variable of each flag.`
}

/** Returns the lines of `--help`. Providers are in short below the setting that chooses a provider. */
function shortLines(sections: readonly Section[]): string[] {
  const folded = sections.filter((section) => isFolded(section, sections))
  const shown = sections.filter((section) => !folded.includes(section))
  return shown.flatMap((section) =>
    section === providerSection && folded.length > 0
      ? [...shortHelp(section).slice(0, -1), ...groupHelp(folded), '']
      : shortHelp(section),
  )
}

/**
 * Tells whether the section is shown in short. A command without the setting `provider`, like `locket
 * secret`, shows the settings of its one provider in full.
 */
function isFolded(section: Section, sections: readonly Section[]): boolean {
  return PROVIDER_SECTIONS.includes(section) && sections.includes(providerSection)
}
