import {
  CHECK_SECTIONS,
  EXEC_SECTIONS,
  INJECT_SECTIONS,
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
    example: 'HEALTHCHECK CMD ["/locket/bin/locket", "healthcheck"]',
  },
  exec: {
    usage: [
      'locket exec [FLAGS] -- COMMAND [ARGUMENTS]',
      '',
      'Ends with the exit code of the command: 128 + n when signal n ended it, 127 when it is not there, 126 when it cannot be started.',
      'The command inherits the environment, but for the variables that hold credentials of locket.',
    ],
    sections: EXEC_SECTIONS,
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
}

export function overview(commands: readonly CommandEntry[]): string {
  const lines = commands.map(({ name, summary }) => `  ${name.padEnd(12)} ${summary}`)
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
