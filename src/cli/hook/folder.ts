import { loadRecord, recordPath } from '../../config/mapping/trust-records.ts'
import { findMapping } from '../../config/mapping/lookup.ts'
import { problemsError } from '../../config/layers/layers.ts'
import { mappingDigest, type TrustRecord } from '../../core/plan/trust.ts'
import type { LocketError } from '../../core/vocabulary/errors.ts'
import type { CommandContext } from '../define.ts'

/** The mapping file of a folder, as a hook sees it. */
export interface FolderMapping {
  /** The mapping file and its overlay: the bytes that were read, which are also those that are used. */
  readonly files: ReturnType<typeof findMapping>
  /** The path of the mapping file. */
  readonly path: string
  readonly content: string
  readonly recordPath: string
  /** The user's answer about it. */
  readonly record: TrustRecord | undefined
}

/**
 * Finds the mapping file of a folder, from there upwards. Undefined: there is none. Returns the error of a
 * file that cannot be used.
 */
export function mappingOfFolder(
  cwd: string,
  { uid, env }: Pick<CommandContext, 'uid' | 'env'>,
): FolderMapping | { readonly error: LocketError } | undefined {
  const problems: string[] = []
  const files = findMapping(undefined, { cwd, uid, isStrict: true }, problems)
  const error = problemsError(problems)
  if (error !== undefined) return { error }
  const [file] = files
  if (file === undefined) return undefined
  const record = recordPath(file.path, env)
  return {
    files,
    path: file.path,
    content: mappingDigest(files),
    recordPath: record,
    record: loadRecord(record, file.path, uid),
  }
}
