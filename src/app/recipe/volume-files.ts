import type { VolumeConfig } from '../../config/volume/volume-config.ts'
import { throwErrors } from '../../core/vocabulary/errors.ts'
import { planFiles } from '../../core/plan/plan.ts'
import type { SourceFiles } from '../../core/ports/files.ts'
import { uniqueRefs } from '../../core/vocabulary/resolve.ts'
import { readTemplates } from './read-templates.ts'
import { recipeOf, type PreparedTemplate, type Recipe } from './recipe.ts'

/** The content of a volume, for Status. It holds no value. */
export interface ContentFacts {
  readonly files: readonly string[]
  readonly references: number
  readonly providers: readonly string[]
  readonly warnings: readonly string[]
}

/** One file of a volume. */
export interface PreparedFile extends PreparedTemplate {
  readonly path: string
}

/**
 * Reads and parses every template of a volume. No provider is asked. Throws one error that names all that is
 * wrong.
 */
export async function prepareVolume(
  { files, parseRef, written }: VolumeConfig,
  sources: SourceFiles,
): Promise<Recipe<PreparedFile>> {
  const rules = { parseRef, maxFileBytes: written.maxFileBytes }
  const { templates, errors } = await readTemplates(planFiles(files), rules, sources)
  throwErrors(errors)
  return recipeOf(templates)
}

export function contentFacts({ templates }: Recipe<PreparedFile>): ContentFacts {
  const refs = uniqueRefs(templates.flatMap(({ template }) => template.refs))
  return {
    files: templates.map(({ path }) => path),
    references: refs.length,
    providers: [...new Set(refs.map(({ provider }) => provider))],
    warnings: templates.flatMap(({ path, template }) =>
      template.warnings.map((warning) => `${path}: ${warning}`),
    ),
  }
}

/** Paths of the template files of a volume. */
export function templatePaths(config: VolumeConfig): string[] {
  return config.files.flatMap((file) => (file.source.kind === 'file' ? [file.source.path] : []))
}
