import { readFilePath } from '../lib/reference/file-path.ts'
import type { FieldChoice } from '../lib/reference/json-field.ts'
import { splitReference } from '../lib/reference/options.ts'

/** The decoded parts of `age://FILE[?field=]`. */
interface AgeFile extends FieldChoice {
  /** The path of the file below the folder. */
  readonly path: string
}

const SHAPE = 'age://path/to/file.age'

/** Parses a reference. Returns undefined for a text of another scheme. Throws `ref_syntax`. */
export function parseAgeFile(text: string): AgeFile | undefined {
  const split = splitReference(text, { scheme: 'age', shape: SHAPE, names: ['field'] })
  if (split === undefined) return undefined
  const chosen = split.options.get('field')
  return {
    path: readFilePath(split.path, text, SHAPE),
    ...(split.isStar('field') ? { isAll: true } : chosen === undefined ? {} : { field: chosen }),
  }
}
