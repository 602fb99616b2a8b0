import { loadRendering } from '../../config/load-rendering.ts'
import type { findMapping } from '../../config/mapping/lookup.ts'
import { readMapping } from '../../config/mapping/mapping.ts'
import { withVaultVariables } from '../../config/mapping/vault-variables.ts'
import { hookNameProblem } from '../../core/plan/hook-names.ts'
import type { Section } from '../../settings/field.ts'
import type { CommandContext } from '../define.ts'

/** One call of a command that reads the mapping file of a folder. */
interface FolderRequest<S extends Readonly<Record<string, Section>>> {
  readonly name: string
  readonly sections: S
  readonly argv: readonly string[]
  readonly positionals?: readonly string[]
  /** The files that were read already: no other bytes are used than those that the user allowed. */
  readonly files: ReturnType<typeof findMapping>
  readonly environment: string | undefined
}

/**
 * Loads settings, providers and the variables of a folder. Throws one `config` error that lists all that is
 * wrong, also a variable that a hook does not set.
 */
export function loadFolder<S extends Readonly<Record<string, Section>>>(
  { isRoot, tables, ...context }: CommandContext,
  { name, sections, argv, positionals = [], files, environment }: FolderRequest<S>,
) {
  const env = withVaultVariables(context.env)
  const loaded = loadRendering({
    name,
    table: 'exec',
    sections,
    argv,
    env,
    isRoot,
    tables,
    positionals,
    map(_settings, problems) {
      const mapping = readMapping(files, { environment }, tables, problems)
      for (const { name: variable, origin } of mapping.entries) {
        const problem = hookNameProblem(variable)
        if (problem !== undefined) problems.push(`${origin} ${problem} (\`locket run\` does)`)
      }
      return mapping
    },
  })
  return { ...loaded, env }
}
