import { parse } from 'smol-toml'
import { fieldKind } from '../../settings/field.ts'
import type { Setup } from './setup.ts'

/**
 * Returns the text of the configuration file: the provider and its settings in the table `[volume]`. A file
 * that exists and sets nothing, like the sample of `make install`, keeps its comments. Returns undefined when
 * the file sets something.
 */
export function configText(setup: Setup, before: string | undefined): string | undefined {
  const lines = ['# by `locket init`', `provider = ${JSON.stringify(setup.def.kind)}`, ...settingLines(setup)]
  const own = lines.map((line) => `${line}\n`).join('')
  if (before === undefined)
    return `# The defaults of every volume. \`locket volume --help-all\` lists all settings.\n[volume]\n${own}`
  if (!setsNothing(before)) return undefined
  const table = /^\[volume\][^\n]*\n?/m.exec(before)
  if (table === null) return `${before.replace(/\n?$/, '\n')}[volume]\n${own}`
  const end = table.index + table[0].length
  return `${before.slice(0, end).replace(/\n?$/, '\n')}${own}${before.slice(end)}`
}

/**
 * Returns a compose file with a database that reads its password from a volume of locket. `reference` need
 * not exist.
 */
export function composeText(reference: string): string {
  // Compose replaces $NAME. A JSON string is a YAML string too.
  const template = JSON.stringify(`{{ ${reference} }}`).replaceAll('$', '$$$$')
  return `# By \`locket init\`. The password is a file in memory, which the container reads.
services:
  db:
    image: postgres:17
    environment:
      POSTGRES_PASSWORD_FILE: /run/secrets/locket/db_password
    volumes:
      - secrets:/run/secrets/locket:ro
volumes:
  secrets:
    driver: locket
    driver_opts:
      secret.db_password: ${template}
`
}

function settingLines({ def, answers }: Setup): string[] {
  return Object.values(def.settings.fields).flatMap((field) => {
    const text = answers.get(field.name)
    if (text === undefined) return []
    return [`${field.name} = ${fieldKind(field) === 'switch' ? text : JSON.stringify(text)}`]
  })
}

function setsNothing(text: string): boolean {
  try {
    return Object.entries(parse(text)).every(([name, table]) => name === 'volume' && isEmpty(table))
  } catch {
    // It is not TOML, so a person must look at it.
    return false
  }
}

function isEmpty(table: unknown): boolean {
  return typeof table === 'object' && table !== null && Object.keys(table).length === 0
}
