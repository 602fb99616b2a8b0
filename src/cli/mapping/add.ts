import { resolve } from 'node:path'
import { MOST_VARIABLE_BYTES, readEnvironment } from '../../app/recipe/environment.ts'
import { loadRendering } from '../../config/load-rendering.ts'
import { addVariable } from '../../config/mapping/add-variable.ts'
import { findMapping, MAPPING_NAMES, readMappingFile } from '../../config/mapping/lookup.ts'
import { readMapping } from '../../config/mapping/mapping.ts'
import { mappingAddSection, mappingSection } from '../../config/mapping/section.ts'
import { withVaultVariables } from '../../config/mapping/vault-variables.ts'
import type { Problems } from '../../config/layers/layers.ts'
import type { TomlFile } from '../../config/layers/toml.ts'
import { onOneLine } from '../../core/vocabulary/errors.ts'
import type { CommandContext } from '../define.ts'
import { throwFaults } from './faults.ts'

const SECTIONS = { add: mappingAddSection, mapping: mappingSection } as const

/** `locket mapping add NAME REFERENCE`. The new file is parsed before it is written. */
export async function add(context: CommandContext): Promise<number> {
  const { argv, isRoot, cwd, uid, tables } = context
  const env = withVaultVariables(context.env)
  let changed: TomlFile | undefined
  const loaded = loadRendering({
    name: 'mapping add',
    table: 'exec',
    sections: SECTIONS,
    argv,
    env,
    isRoot,
    tables,
    positionals: ['NAME', 'REFERENCE'],
    map({ add: { local }, mapping: { path, environment } }, problems, [name = '', reference = '']) {
      const file = target(path, local, { cwd, uid }, problems)
      if (file === undefined || problems.length > 0) return undefined
      const template = templateOf(reference)
      changed = { path: file.path, text: addVariable(file, { name, template, environment }) }
      return readMapping([changed], { environment }, tables, problems)
    },
  })
  const { mapping, parseRef, log, positionals } = loaded
  const [name = ''] = positionals
  const { openCommandEvents, openRendering, openSetupFiles } = await import('../../wire.ts')
  const { sources } = openRendering(openCommandEvents(log), env)
  const rules = { parseRef, maxFileBytes: MOST_VARIABLE_BYTES }
  const added = (mapping?.entries ?? []).filter((entry) => entry.name === name)
  const { errors } = await readEnvironment(added, rules, sources)
  throwFaults(errors, context)
  if (changed === undefined) return 0
  await openSetupFiles().writePublic(changed.path, Buffer.from(changed.text))
  context.stderr.write(`added ${name} to ${onOneLine(changed.path)}\n`)
  return 0
}

/** The file to change: the one that is named or found, or a new one. */
function target(
  named: string | undefined,
  isLocal: boolean,
  by: Parameters<typeof findMapping>[1],
  problems: Problems,
): TomlFile | undefined {
  const fallback = resolve(by.cwd, named ?? MAPPING_NAMES[0] ?? '')
  const found = named === undefined ? findMapping(undefined, by, problems)[0] : undefined
  const base = found?.path ?? fallback
  const path = isLocal ? base.replace(/\.toml$/, '.local.toml') : base
  if (problems.length > 0) return undefined
  return readMappingFile(path, problems) ?? { path, text: '' }
}

/** A bare reference becomes a tag, so that the file shows what it is. */
function templateOf(reference: string): string {
  return reference.includes('{{') ? reference : `{{ ${reference.trim()} }}`
}
