import type { VolumeConfig } from '../../config/volume/volume-config.ts'
import { toLocketError, type LocketError } from '../../core/vocabulary/errors.ts'
import { planFiles } from '../../core/plan/plan.ts'
import type { SourceFiles } from '../../core/ports/files.ts'
import { createAllowance } from '../../core/volume/ceilings.ts'
import { hasStar, starErrors } from '../recipe/fields.ts'
import { readTemplates } from '../recipe/read-templates.ts'
import type { FieldsOf } from '../recipe/recipe.ts'
import { spreadFiles, type PreparedFile } from '../recipe/volume-files.ts'

/** The files of a volume that could be read, and the errors of the others. */
interface ReadFiles {
  readonly files: readonly PreparedFile[]
  readonly errors: readonly LocketError[]
  /** See `Recipe`. */
  readonly spread?: ((fieldsOf: FieldsOf) => unknown) | undefined
}

/**
 * Reads and parses every template of a volume, as `prepareVolume` does, and goes on after an error. Asks no
 * provider. Never rejects for a problem of the volume.
 */
export async function readVolumeFiles(
  { files, parseRef, written, ceilings }: VolumeConfig,
  sources: SourceFiles,
): Promise<ReadFiles> {
  const named = files.map((file) => ({ ...file, path: file.name }))
  const rules = { parseRef, maxFileBytes: written.maxFileBytes, allowance: createAllowance(ceilings) }
  const conflicts: LocketError[] = []
  try {
    planFiles(files)
  } catch (thrown) {
    conflicts.push(toLocketError(thrown))
  }
  try {
    const { templates, errors } = await readTemplates(named, rules, sources)
    return {
      files: templates,
      errors: [...conflicts, ...errors, ...starErrors(templates)],
      spread: hasStar(templates) ? (fieldsOf) => spreadFiles(templates, fieldsOf) : undefined,
    }
  } catch (thrown) {
    return { files: [], errors: [...conflicts, toLocketError(thrown)] }
  }
}
