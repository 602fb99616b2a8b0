import { configSchema } from '../../config/describe/json-schema.ts'
import type { CommandEntry } from '../define.ts'

/** Returns the text of the JSON schema of locket's TOML files. */
export async function schemaText(commands: readonly CommandEntry[]): Promise<string> {
  const withTables = commands.filter(({ hasTable }) => hasTable)
  const tables = await Promise.all(
    withTables.map(async ({ name, load }) => {
      const { command } = await load()
      return { name, sections: [...command.sections, ...(command.more ?? [])] }
    }),
  )
  return `${JSON.stringify(configSchema(tables), null, 2)}\n`
}
