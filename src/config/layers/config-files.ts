import { readFileSync, realpathSync } from 'node:fs'
import { errnoOf } from '../../core/vocabulary/errors.ts'
import { systemReason } from '../../core/vocabulary/system-errors.ts'
import type { Layer, Problems } from './layers.ts'
import { configFileSection } from '../sections/config-file.ts'
import type { TomlFile } from './toml.ts'

/**
 * Returns the configuration files in the order in which they are given; a later one wins. `ifThere` is the
 * path of a file that is read before them and need not exist. Adds to `problems` what cannot be read.
 */
export function readConfigFiles(layer: Layer, ifThere: string | undefined, problems: Problems): TomlFile[] {
  const given = layer.get(configFileSection.fields.paths.name)
  const named = [given?.value ?? []].flat().flatMap((path) => {
    const file = readConfigFile(path, problems)
    if (file === undefined)
      problems.push(
        `${given?.origin}: there is no file ${path}${path.startsWith('/') ? '' : ' in the working directory'}`,
      )
    return file ?? []
  })
  const managed = ifThere === undefined ? undefined : readConfigFile(ifThere, problems)
  return [...(managed ?? []), ...named]
}

/**
 * True when a file that nobody named is there and can be read. Adds to `problems` why a file cannot be read.
 */
export function isConfigFile(path: string, problems: Problems): boolean {
  return (readConfigFile(path, problems) ?? []).length > 0
}

/**
 * Returns undefined when there is no such file. Returns no file and adds a problem when it cannot be read.
 */
function readConfigFile(path: string, problems: Problems): readonly TomlFile[] | undefined {
  try {
    return [{ path, text: readFileSync(path, 'utf8') }]
  } catch (thrown) {
    const errno = errnoOf(thrown)
    if (errno === undefined) throw thrown
    if (errno === 'ENOENT' || errno === 'ENOTDIR') return undefined
    problems.push(`configuration file ${path} cannot be read: ${systemReason(errno, 'read')}`)
    return []
  }
}

/** Returns the path as it was written and the real path, behind links. */
export function namesOf({ path }: TomlFile): string[] {
  const real = realpathSync(path)
  return path.startsWith('/') ? [path, real] : [real]
}
