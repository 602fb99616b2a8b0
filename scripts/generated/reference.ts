import { fieldsOf, INJECT, VOLUME_SECTIONS } from '../../src/config/commands.ts'
import { defaultText, flagText } from '../../src/config/describe.ts'
import { isPerVolume } from '../../src/config/driver-opts.ts'
import { ERROR_KINDS } from '../../src/core/errors.ts'
import { FILTERS } from '../../src/core/filters/index.ts'
import type { ProviderDef } from '../../src/providers/define.ts'
import { PROVIDERS } from '../../src/providers/index.ts'
import type { Field, Section } from '../../src/settings/field.ts'

const NOTICE = '<!-- Generated from the declarations of the settings by `make docs`. -->'

/** docs/reference/options.md */
export function optionsPage(): string {
  return `${NOTICE}
# Settings

A flag \`--foo-bar\` is the key \`foo-bar\` of the table \`[volume]\` in a TOML file and, where the last column says so, a driver option of one
volume. What is set nearer wins: driver option, flag, environment, TOML files (a later one over an earlier one), default. A list
replaces a list; only a volume's secrets join the default secrets, by name. An empty variable counts as not set.

A variable that holds a list is split at newlines, or else at a comma outside of \`{{ }}\` that \`NAME=\`, \`@\` or \`/\` follows. Flags,
TOML lists and driver options are never split. \`secrets\` may be a TOML table: \`[volume.secrets]\`, \`NAME = "TEMPLATE"\`.

A credential is the value itself or \`file:/path\`; for its variable \`X\`, \`X_FILE=/path\` means \`X=file:/path\`. The file is read when a reference
first needs it, and again for each mount.

## \`locket volume\`

${VOLUME_SECTIONS.map(sectionTable).join('\n\n')}

## \`locket inject\`

Its table in a TOML file is \`[inject]\`; the settings of providers, configuration files and logging are those above.

${Object.values(INJECT).map(ownTable).join('\n\n')}

## \`[providers.NAME]\`

One more provider of a kind, for a second server of it: \`kind = "…"\` and that kind's settings under the names above, as keys. What is left
out takes its default; nothing comes from \`[volume]\`, flags or variables. References to it are written \`NAME+SCHEME://…\`, and \`provider\` may be
NAME. Of a key that several files set, the last one counts. Driver options change nothing of it.
[docs/guides/providers.md](../guides/providers.md) tells more.

| kind | schemes |
| --- | --- |
${PROVIDERS.map(kindRow).join('\n')}

## Driver options

${driverOptionsTable()}

In the names of the others \`-\` and \`_\` are alike. YAML turns an unquoted \`0640\` into 416: quote modes.

- Who sets an address in driver options must set its credential there too, and not the daemon's own.
- A credential written out is refused, unless the daemon has \`allow-inline-token\`: \`docker volume inspect\` would show it.
- A file named in driver options must lie under \`template-roots\` (plugin: /etc/locket; on a host: anywhere if not set), and is never one of
  the daemon's own: its credentials, keys, configuration, state or volumes.
`
}

/** docs/reference/errors.md */
export function errorsPage(): string {
  const rows = Object.entries(ERROR_KINDS).map(
    ([code, { exit, mayPass, meaning }]) =>
      `| \`${code}\` | ${meaning} | ${exit} | ${mayPass ? 'yes' : ''} |`,
  )
  return `${NOTICE}
# Errors

The code stands in the log; the exit code is that of the command. A mount tries again, until its deadline, what may pass by waiting.

| code | meaning | exit code | tried again |
| --- | --- | --- | --- |
${rows.join('\n')}
`
}

/** docs/reference/filters.md */
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

/** Here and in the README. */
export function driverOptionsTable(): string {
  const rows = fieldsOf(VOLUME_SECTIONS)
    .filter((field) => isPerVolume(field) && field.name !== 'secret')
    .map(
      (field) =>
        `| \`${field.name}\` | ${code(defaultText(field))} | ${field.summary.replaceAll('|', '\\|')} |`,
    )
  return [
    '| option | default | meaning |',
    '| --- | --- | --- |',
    '| `secret.NAME` | | a file NAME: `TEMPLATE`, or `@/path/to/template`. NAME is taken exactly and may have folders, `certs/tls.key` |',
    '| `secret`, `secrets` | | one more file: `NAME=TEMPLATE` or `NAME=@/path/to/template` |',
    ...rows,
  ].join('\n')
}

function kindRow({ kind, aliases = [], schemes }: ProviderDef): string {
  const kinds = [kind, ...aliases].map(code).join(', ')
  return `| ${kinds} | ${schemes.map((scheme) => code(`${scheme}://`)).join(', ')} |`
}

function sectionTable(section: Section): string {
  return tableOf(section, ['flag', 'variable', 'default', 'meaning', 'driver option'], (field) => [
    ...cellsOf(field),
    isPerVolume(field) ? 'yes' : '',
  ])
}

/** Of a command that no volume has to do with. */
function ownTable(section: Section): string {
  return tableOf(section, ['flag', 'variable', 'default', 'meaning'], cellsOf)
}

function tableOf(
  { title, fields }: Section,
  heads: readonly string[],
  cells: (field: Field) => string[],
): string {
  const rows = Object.values(fields).map(cells)
  const lines = [
    heads,
    heads.map(() => '---'),
    ...rows.map((row) => row.map((cell) => cell.replaceAll('|', '\\|'))),
  ]
  return [`### ${title}`, '', ...lines.map((line) => `| ${line.join(' | ')} |`)].join('\n')
}

function cellsOf(field: Field): string[] {
  return [`\`${flagText(field)}\``, variables(field), code(defaultText(field)), field.summary]
}

function variables(field: Field): string {
  if (field.env === undefined) return ''
  return field.credential === true ? `\`${field.env}\`, \`${field.env}_FILE\`` : `\`${field.env}\``
}

function code(text: string): string {
  return text === '' ? '' : `\`${text}\``
}
