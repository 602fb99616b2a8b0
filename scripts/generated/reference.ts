import type { Command } from '../../src/cli/define.ts'
import { COMMANDS, TABLES } from '../../src/cli/index.ts'
import { fieldsOf } from '../../src/settings/field.ts'
import { PROVIDER_SECTIONS } from '../../src/config/sections/rendering.ts'
import { dryRunSection } from '../../src/config/sections/daemon.ts'
import { VOLUME_SECTIONS } from '../../src/config/sections/volume.ts'
import { defaultText, flagText } from '../../src/config/describe/describe.ts'
import { isPerVolume } from '../../src/config/volume/driver-opts.ts'
import { ERROR_KINDS } from '../../src/core/vocabulary/errors.ts'
import { EVENTS } from '../../src/core/vocabulary/events.ts'
import { FILTERS } from '../../src/core/filters/index.ts'
import type { ProviderDef } from '../../src/providers/define.ts'
import { PROVIDERS } from '../../src/providers/index.ts'
import type { Field, Section } from '../../src/settings/field.ts'

const NOTICE = '<!-- Generated from the declarations of the settings by `make docs`. -->'

/** The tables of configuration files. `locket check` reads that of the daemon. */
const TABLE_NAMES = TABLES.map((name) => `\`[${name}]\``).join(', ')

/** Every command by its name, in the order of the registry. */
const LOADED: readonly (readonly [string, Command])[] = await Promise.all(
  COMMANDS.map(async ({ name, load }) => [name, (await load()).command] as const),
)

/** Returns docs/reference/options.md. */
export function optionsPage(): string {
  return `${NOTICE}
# Settings

A flag \`--foo-bar\` is the key \`foo-bar\` of the command's table in a TOML file (${TABLE_NAMES}).
If the last column says so, it is also a driver option of one volume. The order of precedence is: driver
option, flag, environment, TOML files (a later one over an earlier one), default. A list replaces a list;
only the secrets of a volume join the default secrets, by name. An empty variable counts as not set.

A variable that holds a list is split at newlines, or otherwise at a comma outside \`{{ }}\` that
\`NAME=\`, \`@\` or \`/\` follows. Flags, TOML lists and driver options are never split. \`secrets\`
can be a TOML table: \`[volume.secrets]\`, \`NAME = "TEMPLATE"\`. \`locket check\` reads \`[volume]\`;
no file has settings of \`locket secret\`.

A credential is the value itself or \`file:/path\`. For its variable \`X\`, \`X_FILE=/path\` means
\`X=file:/path\`. The file is read when a reference first needs it, and again for each mount.

## \`locket volume\`

${VOLUME_SECTIONS.map(volumeTable).join('\n\n')}

### \`locket volume render\`

${commandTable(dryRunSection)}

\`locket volume refresh\`, \`render\` and \`release\` take \`--admin-socket\` too.

${LOADED.flatMap(commandPart).join('\n\n')}

## \`[providers.NAME]\`

Another provider of a kind, for a second server of it: \`kind = "…"\` and that kind's settings with the
names above, as keys. A setting that is left out has its default; nothing comes from \`[volume]\`, flags or
variables. References to it are written \`NAME+SCHEME://…\`, and \`provider\` can be NAME. If several files
set a key, the last one counts. Driver options do not change it.
[Choose providers](../guides/providers.md) has an example.

| kind | schemes |
| --- | --- |
${PROVIDERS.map(kindRow).join('\n')}

## Driver options

${driverOptionsTable()}

In the other names \`-\` and \`_\` are equal. YAML turns an unquoted \`0640\` into 416: quote modes.

- Driver options that set an address must also set its credential, and not one that the daemon uses.
- A credential that is written out is refused, unless the daemon has \`allow-inline-token\`, because
  \`docker volume inspect\` would show it.
- A file in driver options must be under \`template-roots\` (plugin: /etc/locket; on a host: anywhere if
  not set), and never one of the daemon's own: its credentials, keys, configuration, state or volumes.
`
}

/** Returns docs/reference/errors.md. */
export function errorsPage(): string {
  const rows = Object.entries(ERROR_KINDS).map(
    ([code, { exit, retryable, meaning }]) =>
      `| \`${code}\` | ${meaning} | ${exit} | ${retryable ? 'yes' : ''} |`,
  )
  return `${NOTICE}
# Errors

The code is in the log; the exit code is that of the command. A mount tries retryable errors again until
its deadline.

| code | meaning | exit code | retryable |
| --- | --- | --- | --- |
${rows.join('\n')}
`
}

/** Returns docs/reference/events.md. */
export function eventsPage(): string {
  const rows = Object.entries(EVENTS).map(([name, { level, message, facts, printedAs = name }]) => {
    const names = Object.entries(facts).map(([fact, kind]) =>
      kind.endsWith('?') ? `\`${fact}\` (optional)` : `\`${fact}\``,
    )
    return `| \`${printedAs}\` | ${level} | ${message} | ${names.join(', ')} |`
  })
  return `${NOTICE}
# Events

locket writes a log line for each event: time, level, event, message, facts. Facts never hold a secret value.
\`--log-level\` sets the least important level that is written, \`--log-format\` how a line looks. A fact in
braces is a part of the message.

| event | level | message | facts |
| --- | --- | --- | --- |
${rows.join('\n')}
`
}

/** Returns docs/reference/filters.md. */
export function filtersPage(): string {
  const rows = [...FILTERS.values()].map(({ name, parameters, summary }) => {
    const args = parameters.map((kind) => (kind === 'count' ? ' N' : ' "TEXT"')).join('')
    return `| \`${name}${args}\` | ${summary.replaceAll('|', '\\|')} |`
  })
  return `${NOTICE}
# Filters

| filter | gives |
| --- | --- |
${rows.join('\n')}
`
}

/** The driver options that name a file: the setting, and its rows in the table. */
const ROWS_OF_FILES = [
  [
    'secret',
    '| `secret.NAME` | | a file NAME: `TEMPLATE`, or `@/path/to/template`. NAME is taken exactly and may have folders, `certs/tls.key`. `secret.db/*` is one file for each field of a reference that ends in `*` |',
    '| `secret`, `secrets` | | one more file: `NAME=TEMPLATE` or `NAME=@/path/to/template` |',
  ],
  [
    'secret-mode',
    '| `secret-mode.NAME` | `file-mode` | mode of the file NAME, which must be one of the volume; `secret-mode: NAME=MODE` is the same |',
  ],
  [
    'secret-user',
    '| `secret-user.NAME` | `user` | owner of the file NAME, `uid:gid` or `uid`; `secret-user: NAME=UID:GID` is the same |',
  ],
] as const

/** The driver options that most volumes need, in the order of the README. */
const USUAL_OPTIONS = [
  'secret.NAME',
  'secret-mode.NAME',
  'user',
  'mode',
  'file-mode',
  'size',
  'watch',
  'provider',
]

/** Returns the table of the driver options that most volumes need, for the README. */
export function usualOptionsTable(): string {
  const [heading = '', line = '', ...rows] = driverOptionsTable().split('\n')
  const usual = USUAL_OPTIONS.map((name) => {
    const row = rows.find((text) => text.startsWith(`| \`${name}\` |`))
    if (row === undefined) throw new Error(`there is no driver option ${name}`)
    return row
  })
  return [heading, line, ...usual].join('\n')
}

function driverOptionsTable(): string {
  const rows = fieldsOf(VOLUME_SECTIONS)
    .filter((field) => isPerVolume(field) && !ROWS_OF_FILES.some(([name]) => name === field.name))
    .map(
      (field) =>
        `| \`${field.name}\` | ${code(defaultText(field))} | ${field.summary.replaceAll('|', '\\|')} |`,
    )
  return [
    '| option | default | meaning |',
    '| --- | --- | --- |',
    ...ROWS_OF_FILES.flatMap(([, ...lines]) => lines),
    ...rows,
  ].join('\n')
}

function kindRow({ kind, aliases = [], schemes }: ProviderDef): string {
  const kinds = [kind, ...aliases].map(code).join(', ')
  return `| ${kinds} | ${schemes.map((scheme) => code(`${scheme}://`)).join(', ')} |`
}

/**
 * Returns the settings of a command that `locket volume` lacks, and the names of the sections that both take.
 */
function commandPart([name, { sections, more = [] }]: readonly [string, Command]): string[] {
  const taken = [...sections, ...more]
  if (name === 'volume' || taken.length === 0) return []
  const own = taken.filter((section) => !VOLUME_SECTIONS.includes(section))
  const tables = own.map((section) =>
    section.title === `locket ${name}`
      ? commandTable(section)
      : `### ${section.title}\n\n${commandTable(section)}`,
  )
  return [`## \`locket ${name}\``, ...tables, ...alsoTaken(taken, own.length > 0 ? 'Takes too' : 'Takes')]
}

function alsoTaken(taken: readonly Section[], word: string): string[] {
  if (VOLUME_SECTIONS.every((section) => taken.includes(section)))
    return [`${word} every setting of [\`locket volume\`](#locket-volume).`]
  const isAnyProvider = PROVIDER_SECTIONS.every((section) => taken.includes(section))
  const shown = VOLUME_SECTIONS.filter(
    (section) => taken.includes(section) && !(isAnyProvider && PROVIDER_SECTIONS.includes(section)),
  )
  const names = shown.map(linkTo)
  if (isAnyProvider) names.push('those of each provider')
  return names.length === 0 ? [] : [`${word}, as \`locket volume\` does: ${names.join(', ')}.`]
}

/** Returns a link to the heading of a section, whose anchor is made as GitHub makes it. */
function linkTo({ title }: Section): string {
  const anchor = title
    .toLowerCase()
    .replace(/[^a-z0-9 _-]/g, '')
    .replaceAll(' ', '-')
  return `[${title}](#${anchor})`
}

function commandTable(section: Section): string {
  const rows = Object.values(section.fields).map((field) => settingCells(field))
  return tableOf(['flag', 'variable', 'default', 'meaning'], rows)
}

function volumeTable(section: Section, index: number): string {
  const before = new Set(fieldsOf(VOLUME_SECTIONS.slice(0, index)))
  const fields = Object.values(section.fields)
  const rows = fields
    .filter((field) => !before.has(field))
    .map((field) => [...settingCells(field), isPerVolume(field) ? 'yes' : ''])
  const heads = ['flag', 'variable', 'default', 'meaning', 'driver option']
  const others = fields.filter((field) => before.has(field)).map(({ name }) => `\`${name}\``)
  const more = others.length === 0 ? '' : `\n\nSee above for its settings ${others.join(', ')}.`
  return `### ${section.title}\n\n${tableOf(heads, rows)}${more}`
}

function settingCells(field: Field): string[] {
  return [`\`${flagText(field)}\``, variables(field), code(defaultText(field)), field.summary]
}

function tableOf(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  return [
    rowOf(heads),
    rowOf(heads.map(() => '---')),
    ...rows.map((cells) => rowOf(cells.map((cell) => cell.replaceAll('|', '\\|')))),
  ].join('\n')
}

function rowOf(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`
}

function variables(field: Field): string {
  if (field.env === undefined) return ''
  return field.credential === true ? `\`${field.env}\`, \`${field.env}_FILE\`` : `\`${field.env}\``
}

function code(text: string): string {
  return text === '' ? '' : `\`${text}\``
}
