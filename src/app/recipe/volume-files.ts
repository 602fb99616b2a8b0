import type { VolumeConfig } from '../../config/volume/volume-config.ts'
import { LocketError, throwErrors } from '../../core/vocabulary/errors.ts'
import { fileOfField } from '../../core/plan/field-names.ts'
import { collisions, planFiles } from '../../core/plan/plan.ts'
import type { SourceFiles } from '../../core/ports/files.ts'
import type { FileAccess } from '../../core/text/units.ts'
import { unreachableWarning } from '../../core/volume/container-users.ts'
import { createAllowance } from '../../core/volume/ceilings.ts'
import type { SecretRef } from '../../core/vocabulary/ref.ts'
import { uniqueRefs } from '../../core/vocabulary/resolve.ts'
import type { Secret } from '../../core/vocabulary/secret.ts'
import { hasStar, spreadTemplates, starErrors } from './fields.ts'
import { readTemplates, type TemplateRules } from './read-templates.ts'
import { NO_REFERENCE, recipeOf, type FieldsOf, type PreparedTemplate, type Recipe } from './recipe.ts'

/** One file of a volume, for Status. */
interface ContentFile {
  readonly path: string
  /** The names of the provider instances that its references ask. */
  readonly providers: readonly string[]
  /** Undefined until the file is rendered. */
  readonly bytes: number | undefined
}

/** The content of a volume, for Status. It holds no value. */
export interface ContentFacts {
  readonly files: readonly ContentFile[]
  readonly references: number
  readonly refs: readonly SecretRef[]
  /** See `Rendered`. Undefined until the files are rendered. */
  readonly isSteady?: boolean | undefined
  readonly providers: readonly string[]
  readonly warnings: readonly string[]
}

/** One file of a volume. */
export interface PreparedFile extends PreparedTemplate {
  readonly path: string
  readonly access?: FileAccess | undefined
}

/**
 * Reads and parses every template of a volume. No provider is asked. Rejects with one error that names every
 * fault, or with the first ceiling that the volume exceeds. `allowance` is left out when nothing is rendered.
 */
export async function prepareVolume(
  { files, parseRef, written, ceilings }: VolumeConfig,
  sources: SourceFiles,
  { clock, allowance = createAllowance(ceilings) }: Pick<TemplateRules, 'clock' | 'allowance'> = {},
): Promise<Recipe<PreparedFile>> {
  const rules = { parseRef, maxFileBytes: written.maxFileBytes, clock, allowance }
  const { templates, errors } = await readTemplates(planFiles(files), rules, sources)
  throwErrors([...errors, ...starErrors(templates)])
  const recipe = recipeOf<PreparedFile>(templates, unreachableWarning(templates, written))
  return hasStar(templates) ? { ...recipe, spread: (fieldsOf) => spreadFiles(templates, fieldsOf) } : recipe
}

/**
 * Returns the files of a volume with one in place of each field of a `*` reference. Throws `plan_conflict`
 * for a field that cannot be a file, and for two files in one place.
 */
export function spreadFiles(templates: readonly PreparedFile[], fieldsOf: FieldsOf): readonly PreparedFile[] {
  const files = spreadTemplates({
    templates,
    fieldsOf,
    place: ({ path }, field) => fileOfField(path, field),
    make: (file, path) => ({ ...file, path }),
  })
  const problems = collisions(files)
  if (problems.length > 0) throw new LocketError('plan_conflict', problems.join('; '))
  return files
}

/** The settings of a volume that a warning can be about. */
type WarnedConfig = Pick<VolumeConfig, 'written' | 'onChange' | 'refresh' | 'watch'>

/**
 * Returns the facts about a volume's content that Status shows. `contents`: the rendered files, if they are.
 */
export function contentFacts(
  { templates }: Pick<Recipe<PreparedFile>, 'templates'>,
  config: WarnedConfig,
  contents?: ReadonlyMap<PreparedFile, Secret>,
): ContentFacts {
  const refs = uniqueRefs(templates.flatMap(({ template }) => template.refs))
  return {
    files: templates.map((file) => ({
      path: file.path,
      providers: providersOf(file.template.refs),
      bytes: contents?.get(file)?.byteLength,
    })),
    references: refs.length,
    refs,
    providers: providersOf(refs),
    warnings: contentWarnings(templates, config),
  }
}

function providersOf(refs: readonly SecretRef[]): readonly string[] {
  return [...new Set(refs.map(({ provider }) => provider))]
}

const MOST_NAMED = 10
const NEVER_CHANGES = 'on-change is set, but nothing changes the files: set refresh to auto too'

/**
 * Returns the likely mistakes in a volume's files, one line each. A text without a reference is one: the user
 * may have forgotten the braces.
 */
export function contentWarnings(
  files: readonly PreparedFile[],
  { written, onChange, refresh, watch }: WarnedConfig,
): readonly string[] {
  const plain = files.filter(({ template }) => template.refs.length === 0).map(({ path }) => path)
  const more = plain.length > MOST_NAMED ? ` and ${plain.length - MOST_NAMED} more` : ''
  return [
    ...(files.length === 0 ? ['the volume has no file: no option secret.NAME is set'] : []),
    ...(plain.length === 0 ? [] : [`${NO_REFERENCE} in ${plain.slice(0, MOST_NAMED).join(', ')}${more}`]),
    ...misnamed(files).slice(0, MOST_NAMED),
    ...unreachableWarning(files, written),
    ...(onChange !== 'off' && refresh === 'off' && !watch ? [NEVER_CHANGES] : []),
    ...files.flatMap(({ path, template }) => template.warnings.map((warning) => `${path}: ${warning}`)),
  ]
}

/** Returns one line for each file that may be meant as the mode or owner of another: `a.mode` beside `a`. */
function misnamed(files: readonly PreparedFile[]): string[] {
  const paths = new Set(files.map(({ path }) => path))
  return files.flatMap(({ path, template }) => {
    const [, other = '', word = ''] = /^(.+)\.(mode|user|uid|gid|owner)$/s.exec(path) ?? []
    if (!paths.has(other) || template.refs.length > 0) return []
    return [`${path} is a file of its own: is secret-${word === 'mode' ? 'mode' : 'user'}.${other} meant?`]
  })
}

/** Paths of the template files of a volume. */
export function templatePaths(config: VolumeConfig): string[] {
  return config.files.flatMap((file) => (file.source.kind === 'file' ? [file.source.path] : []))
}
