import {
  CHECK_SECTIONS,
  COMPOSE_SECTIONS,
  EXPORT_SECTIONS,
  SECRET_SECTIONS,
  VOLUME_SECTIONS,
} from '../config/commands.ts'
import { helpLines } from '../config/describe.ts'
import type { Section } from '../settings/field.ts'
import type { CommandEntry } from './index.ts'

interface Page {
  readonly usage: readonly string[]
  readonly sections: readonly Section[]
  readonly example: string
}

const PAGES: Readonly<Record<string, Page>> = {
  volume: {
    usage: ['locket volume [FLAGS]'],
    sections: VOLUME_SECTIONS,
    example: 'locket volume --config /etc/locket/locket.toml',
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
    example:
      'locket secret set db/password      then, in a volume: secret.db_password: "{{ local://db/password }}"',
  },
  check: {
    usage: [
      'locket check [FLAGS] [FILES...]',
      '',
      'Takes every flag of `locket volume` too, and its variables and files of settings.',
      'FILES are compose files (.yml, .yaml) and templates. Of a compose file its volumes of this driver and its',
      'provider services are checked; include, extends and further files that override it are not followed.',
    ],
    sections: CHECK_SECTIONS,
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
}

export function overview(commands: readonly CommandEntry[]): string {
  const lines = commands.map(({ name, summary }) => `  ${name.padEnd(10)} ${summary}`)
  return [
    'locket: secrets for containers, on time and gone when done',
    '',
    'Usage: locket COMMAND [FLAGS]',
    '',
    'Commands:',
    ...lines,
    '',
    '`locket COMMAND --help` tells more, `locket --version` the version.',
    '',
  ].join('\n')
}

/** A command's page: how it is called, its flags in groups with their variables and defaults, an example. */
export function commandPage({ name, summary }: CommandEntry): string {
  const page = PAGES[name]
  const usage = page?.usage ?? [`locket ${name} [FLAGS]`]
  const [first = '', ...more] = usage
  return [
    `${summary[0]?.toUpperCase()}${summary.slice(1)}.`,
    '',
    `Usage: ${first}`,
    ...more.map((line) => `       ${line}`.trimEnd()),
    '',
    ...(page?.sections ?? []).flatMap(helpLines),
    ...(page === undefined ? [] : [`Example: ${page.example}`, '']),
  ].join('\n')
}
