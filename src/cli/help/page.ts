import {
  CHECK_SECTIONS,
  COMPOSE_SECTIONS,
  EXEC_SECTIONS,
  EXPORT_SECTIONS,
  INJECT_SECTIONS,
  PROVIDER_SECTIONS,
  SECRET_ACTIONS,
  SECRET_SECTIONS,
  VOLUME,
  VOLUME_SECTIONS,
} from '../../config/sections/commands.ts'
import { fullHelp, groupHelp, shortHelp } from '../../config/describe/describe.ts'
import type { Section } from '../../settings/field.ts'
import type { CommandSummary } from '../define.ts'

export interface Page {
  readonly usage: readonly string[]
  /** Its flags, in the order of help and reference. */
  readonly sections: readonly Section[]
  /** Flags that it takes too, shown by `--help-all` alone. */
  readonly more?: readonly Section[]
  /** Its own commands, and which of the flags each takes. */
  readonly actions?: Readonly<Record<string, readonly Section[]>>
  /** What stands beside the flags, for the completion of a shell: files, or a command line after `--`. By the action, if only some take it. */
  readonly takes?: Operands | Readonly<Record<string, Operands>>
  readonly example: string
}

type Operands = 'files' | 'command'

/** A page for each command. */
export const PAGES: Readonly<Record<string, Page>> = {
  volume: {
    usage: ['locket volume [FLAGS]'],
    sections: VOLUME_SECTIONS,
    example: 'locket volume --config /etc/locket/locket.toml',
  },
  inject: {
    usage: ['locket inject [FLAGS]'],
    sections: INJECT_SECTIONS,
    example:
      'locket inject --map ./templates:/run/secrets/app --secret "db_password={{ local://db/password }}"',
  },
  healthcheck: {
    usage: [
      'locket healthcheck [--status-file PATH]',
      '',
      'Exit code 0: every secret is in place. 1: not, or not yet; one line says why.',
      '  --status-file PATH',
      '      what `locket inject` was given as its --status-file [LOCKET_STATUS_FILE; default',
      '      /dev/shm/locket/ready]',
    ],
    sections: [],
    example: 'locket healthcheck --status-file /dev/shm/locket/ready',
  },
  exec: {
    usage: [
      'locket exec [FLAGS] -- COMMAND [ARGUMENTS]',
      '',
      'Ends with the exit code of the command: 128 + n when signal n ended it, 127 when it is not there, 126 when it cannot be started.',
      'The command inherits the environment, but for the variables that hold credentials of locket.',
    ],
    sections: EXEC_SECTIONS,
    takes: 'command',
    example: 'locket exec -e DB_PASSWORD={{local://db/password}} -- node server.js',
  },
  secret: {
    usage: [
      'locket secret set PATH [--stdin | --file FILE] [--trim]   asks for the value when neither is given',
      'locket secret get PATH',
      'locket secret list [--names]',
      'locket secret rm PATH...',
      'locket secret import FILE [--prefix PREFIX]               every variable of a .env file',
      'locket secret rotate-key',
    ],
    sections: SECRET_SECTIONS,
    actions: SECRET_ACTIONS,
    takes: { import: 'files' },
    example:
      'locket secret set db/password      then, in a volume: secret.db_password: "{{ local://db/password }}"',
  },
  check: {
    usage: [
      'locket check [FLAGS] [FILES...]',
      '',
      'Takes every flag of `locket volume` too (--help-all lists them), and its variables and files of settings.',
      'FILES are compose files (.yml, .yaml) and templates. Of a compose file its volumes of this driver and its',
      'provider services are checked; include, extends and further files that override it are not followed.',
    ],
    sections: CHECK_SECTIONS,
    more: VOLUME_SECTIONS.filter((section) => !CHECK_SECTIONS.includes(section)),
    takes: 'files',
    example: 'locket check --config /etc/locket/locket.toml compose.yaml',
  },
  compose: {
    usage: [
      'locket compose [--project-name NAME] up|down|stop SERVICE [FLAGS]',
      'locket compose metadata',
      '',
      'Docker Compose calls it for a service with `provider: {type: locket}`; the options of that service are these flags.',
    ],
    sections: COMPOSE_SECTIONS,
    example: 'locket compose up locket --env "DB_PASSWORD={{ local://db/password }}"',
  },
  export: {
    usage: ['locket export [FLAGS]'],
    sections: EXPORT_SECTIONS,
    example: 'eval "$(locket export --format shell --env "DB_PASSWORD={{ local://db/password }}")"',
  },
  completion: {
    usage: ['locket completion bash|zsh|fish'],
    sections: [],
    actions: { bash: [], zsh: [], fish: [] },
    example: 'source <(locket completion bash)',
  },
}

/** What was asked for beside the command: one of its own commands, everything rather than the flags of every day. */
export interface HelpRequest {
  readonly action?: string | undefined
  readonly isAll: boolean
}

/** A command's page: how it is called, its flags in groups, an example. */
export function commandPage({ name, summary }: CommandSummary, { action, isAll }: HelpRequest): string {
  const page = PAGES[name] ?? { usage: [`locket ${name}`], sections: [], example: `locket ${name}` }
  const own = action === undefined ? undefined : page.actions?.[action]
  const words = own === undefined ? name : `${name} ${action}`
  const usage =
    own === undefined ? page.usage : page.usage.filter((line) => `${line} `.startsWith(`locket ${words} `))
  const [first = '', ...others] = usage
  const sections = own ?? page.sections
  const hasMore = page.more !== undefined || sections.some((section) => isFolded(section, sections))
  return [
    `${summary[0]?.toUpperCase()}${summary.slice(1)}.`,
    '',
    `Usage: ${first}`,
    ...others.map((line) => `       ${line}`.trimEnd()),
    '',
    ...(isAll ? [...sections, ...(page.more ?? [])].flatMap(fullHelp) : shortLines(sections)),
    `Example: ${page.example}`,
    '',
    ...(isAll || sections.length === 0
      ? []
      : [
          `\`locket ${words} --help-all\` tells ${hasMore ? 'every flag, and ' : ''}the variable of each flag.`,
          '',
        ]),
  ].join('\n')
}

/** Each provider is one line, below the setting that chooses among them. */
function shortLines(sections: readonly Section[]): string[] {
  const folded = sections.filter((section) => isFolded(section, sections))
  const shown = sections.filter((section) => !folded.includes(section))
  return shown.flatMap((section) =>
    section === VOLUME.provider && folded.length > 0
      ? [...shortHelp(section).slice(0, -1), ...folded.map(groupHelp), '']
      : shortHelp(section),
  )
}

/** Who uses one provider alone, as `locket secret` does, shows its settings. */
function isFolded(section: Section, sections: readonly Section[]): boolean {
  return PROVIDER_SECTIONS.includes(section) && sections.includes(VOLUME.provider)
}
