import type { SettingsOf } from '../../settings/field.ts'
import type { Problems } from '../layers/layers.ts'
import { findMapping, MAPPING_NAMES } from './lookup.ts'
import { readMapping, type SecretMapping } from './mapping.ts'
import type { mappingSection } from './section.ts'

/** The circumstances in which a command reads a mapping file. */
interface MappingUse {
  /**
   * `if-named`: only the file that `--mapping` names. `if-there`: also one that is found. `always`: a missing
   * file is a problem.
   */
  readonly isMapped: 'if-named' | 'if-there' | 'always'
  readonly by: Parameters<typeof findMapping>[1]
  /** The tables of all commands. */
  readonly tables: readonly string[]
}

/** Finds and parses the mapping file of a command. Undefined: none is used. Adds to `problems`. */
export function loadMapping(
  { path, environment, only }: SettingsOf<typeof mappingSection>,
  { isMapped, by, tables }: MappingUse,
  problems: Problems,
): SecretMapping | undefined {
  if (path === undefined && isMapped === 'if-named') {
    if (only !== undefined) problems.push('flag --only: there is no mapping file: name it with --mapping')
    return undefined
  }
  const before = problems.length
  const files = findMapping(path, by, problems)
  if (files.length > 0) return readMapping(files, { environment, only }, tables, problems)
  if (isMapped === 'always' && problems.length === before)
    problems.push(
      `there is no mapping file: no ${MAPPING_NAMES.join(', ')} with a table [secrets] in ${by.cwd} or above it (name one with --mapping)`,
    )
  return undefined
}
