import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs'
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
  /** True: a file in the working directory is held to the rules for those above it. */
  readonly isStrict?: boolean
}

/**
 * Returns the mapping file that `named` is the path of, or the first one from the working directory upwards,
 * and after it its local overlay (`locket.local.toml`) if there is one. Returns nothing when none is found.
 * A file in a folder above is used only if it belongs to this user or to root and nobody else can write it:
 * other users can put files into a folder such as /tmp. Adds to `problems` why a file cannot be used.
 */
export function findMapping(named: string | undefined, by: Searcher, problems: Problems): TomlFile[] {
  if (named === undefined) return search(by, problems)
  const file = read(named.startsWith('/') ? named : join(by.cwd, named), undefined, problems)
  if (file === undefined) problems.push(`flag --mapping: there is no file ${named}`)
  return file === undefined ? [] : [file, ...overlayOf(file.path, undefined, problems)]
}

/** Reads a mapping file. Undefined: there is none at this path, or a problem says why it cannot be used. */
export function readMappingFile(path: string, problems: Problems): TomlFile | undefined {
  return read(path, undefined, problems)
}

function search({ cwd, uid, isStrict = false }: Searcher, problems: Problems): TomlFile[] {
  let folder = cwd
  for (let looked = 0; looked < MOST_FOLDERS; looked += 1) {
    const owner = folder === cwd && !isStrict ? undefined : uid
    for (const name of MAPPING_NAMES) {
      const before = problems.length
      const file = read(join(folder, name), owner, problems)
      if (problems.length > before) return []
      // A configuration file of the daemon may have the same name.
      if (file !== undefined && hasSecrets(file.text)) return [file, ...overlayOf(file.path, owner, problems)]
    }
    if (folder === '/') break
    folder = folder.slice(0, folder.lastIndexOf('/')) || '/'
  }
  return []
}

function overlayOf(path: string, owner: number | undefined, problems: Problems): TomlFile[] {
  const file = read(path.replace(/\.toml$/, '.local.toml'), owner, problems)
  return file === undefined ? [] : [file]
}

/**
 * Returns undefined when there is no such file, and adds a problem when it cannot be used. With `owner`, the
 * file must belong to this user or to root, and must not be a link. All facts are those of the open file: the
 * path may lead to another one a moment later.
 */
function read(path: string, owner: number | undefined, problems: Problems): TomlFile | undefined {
  let handle: number | undefined
  try {
    // A pipe must not make this wait.
    const link = owner === undefined ? 0 : constants.O_NOFOLLOW
    handle = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | link)
    const stat = fstatSync(handle)
    const problem = unusable(stat, owner)
    if (problem !== undefined) {
      problems.push(`${path} is not used: ${problem}`)
      return undefined
    }
    const bytes = Buffer.alloc(LARGEST + 1)
    const size = readSync(handle, bytes, 0, bytes.length, 0)
    if (size <= LARGEST) return { path, text: bytes.toString('utf8', 0, size) }
    problems.push(`${path} is not used: it is larger than 1M`)
    return undefined
  } catch (thrown) {
    const errno = errnoOf(thrown)
    if (errno === undefined) throw thrown
    if (errno !== 'ENOENT' && errno !== 'ENOTDIR')
      problems.push(`mapping file ${path} cannot be read: ${systemReason(errno, 'read')}`)
    return undefined
  } finally {
    if (handle !== undefined) closeSync(handle)
  }
}

/** Returns why a file is not used; undefined if it can be used. */
function unusable(stat: Stats, owner: number | undefined): string | undefined {
  if (!stat.isFile()) return 'it is not a file'
  if (owner === undefined) return undefined
  const advice = '(name it with --mapping if you trust it)'
  if (stat.uid !== owner && stat.uid !== 0) return `it belongs to the user ${stat.uid} ${advice}`
  return (stat.mode & 0o022) === 0 ? undefined : `other users can write it ${advice}`
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
