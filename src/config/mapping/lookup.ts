import { readFileSync, statSync } from 'node:fs'
import { errnoOf } from '../../core/vocabulary/errors.ts'
import { systemReason } from '../../core/vocabulary/system-errors.ts'
import type { Problems } from '../layers/layers.ts'
import { readToml } from '../layers/toml-syntax.ts'
import { isTable, type TomlFile } from '../layers/toml.ts'

/** The names of a mapping file, in the order in which they are looked for in a folder. */
export const MAPPING_NAMES: readonly string[] = ['locket.toml', '.locket.toml', '.keyzero.toml']

/** Bytes of the largest mapping file. */
const LARGEST = 1024 * 1024
/** Folders that are looked into, from the working directory upwards. */
const MOST_FOLDERS = 64

/** The user that runs locket. */
interface Searcher {
  /** Absolute path. */
  readonly cwd: string
  readonly uid: number
}

/**
 * Returns the mapping file that `named` is the path of, or the first one from the working directory upwards,
 * and after it its local overlay (`locket.local.toml`) if there is one. Returns nothing when none is found.
 * A file in a folder above is used only if it belongs to this user or to root and nobody else can write it:
 * other users can put files into a folder such as /tmp. Adds to `problems` why a file cannot be used.
 */
export function findMapping(named: string | undefined, by: Searcher, problems: Problems): TomlFile[] {
  if (named === undefined) return search(by, problems)
  const file = read(named.startsWith('/') ? named : join(by.cwd, named), problems)
  if (file === undefined) problems.push(`flag --mapping: there is no file ${named}`)
  return file === undefined ? [] : [file, ...overlayOf(file.path, problems)]
}

function search({ cwd, uid }: Searcher, problems: Problems): TomlFile[] {
  let folder = cwd
  for (let looked = 0; looked < MOST_FOLDERS; looked += 1) {
    for (const name of MAPPING_NAMES) {
      const path = join(folder, name)
      const file = read(path, problems)
      // A configuration file of the daemon may have the same name.
      if (file === undefined || !hasSecrets(file.text)) continue
      const stranger = folder === cwd ? undefined : strangerOf(path, uid)
      if (stranger === undefined) return [file, ...overlayOf(path, problems)]
      problems.push(`${path} is not used: ${stranger} (name it with --mapping if you trust it)`)
      return []
    }
    if (folder === '/') break
    folder = folder.slice(0, folder.lastIndexOf('/')) || '/'
  }
  return []
}

/** Returns why the file may be another user's; undefined if it is not. */
function strangerOf(path: string, uid: number): string | undefined {
  const { uid: owner, mode } = statSync(path)
  if (owner !== uid && owner !== 0) return `it belongs to the user ${owner}`
  return (mode & 0o022) === 0 ? undefined : 'other users can write it'
}

function overlayOf(path: string, problems: Problems): TomlFile[] {
  const file = read(path.replace(/\.toml$/, '.local.toml'), problems)
  return file === undefined ? [] : [file]
}

function read(path: string, problems: Problems): TomlFile | undefined {
  try {
    const { size } = statSync(path)
    if (size > LARGEST) {
      problems.push(`${path} is larger than 1M`)
      return undefined
    }
    return { path, text: readFileSync(path, 'utf8') }
  } catch (thrown) {
    const errno = errnoOf(thrown)
    if (errno === undefined) throw thrown
    if (errno !== 'ENOENT' && errno !== 'ENOTDIR')
      problems.push(`mapping file ${path} cannot be read: ${systemReason(errno, 'read')}`)
    return undefined
  }
}

/** True for a file with `[secrets]` or `[NAME.secrets]`, and for one that may have it but is malformed. */
function hasSecrets(text: string): boolean {
  const { tables, faults } = readToml(text)
  return faults.length > 0 || Object.entries(tables).some(([key, value]) => isSecrets(key, value))
}

function isSecrets(key: string, value: unknown): boolean {
  return isTable(value) && (key === 'secrets' || isTable(value['secrets']))
}

function join(folder: string, name: string): string {
  return folder === '/' ? `/${name}` : `${folder}/${name}`
}
