import { LocketError } from '../vocabulary/errors.ts'
import { parentFolders } from './paths.ts'
import type { ReadLimits } from '../ports/files.ts'
import type { FileAccess } from '../text/units.ts'

/**
 * Where the template of a file comes from. `within` and `except` limit where a file may lie that driver
 * options name (see ReadLimits).
 */
export type SecretSource =
  | { readonly kind: 'inline'; readonly template: string }
  | ({ readonly kind: 'file'; readonly path: string } & Pick<ReadLimits, 'within' | 'except'>)

/** One file that the user asked for. */
export interface RequestedFile {
  /** The name as the user wrote it: `db_password`, `certs/tls.key`. */
  readonly name: string
  readonly source: SecretSource
  readonly access?: FileAccess | undefined
  /** A template without a reference is a mistake. Left out: its text is the content. */
  readonly needsReference?: true
  /** The setting that asked for the file, for messages: `driver option secret.db_password`. */
  readonly origin: string
  /** The reference of a variable that nobody named, but `--all` found. Two of them may not have one name. */
  readonly grantedAs?: string
}

/**
 * A file with a checked path: it is relative, has plain segments joined by `/`, and conflicts with no other
 * file.
 */
interface PlannedFile extends RequestedFile {
  readonly path: string
}

/** Bytes. The kernel's limit for one file name (NAME_MAX). */
const LONGEST_SEGMENT = 255
/** Bytes. The kernel's limit for a path is 4096 (PATH_MAX); 1024 of them are left for the mount point. */
const LONGEST_PATH = 3072

/**
 * Returns the files with checked paths. Throws one `plan_conflict` that lists every invalid name and every
 * conflict.
 */
export function planFiles(files: readonly RequestedFile[]): readonly PlannedFile[] {
  const problems: string[] = []
  const planned: PlannedFile[] = []
  for (const file of files) {
    const problem = nameProblem(file.name)
    if (problem === undefined) planned.push({ ...file, path: file.name })
    else problems.push(`${file.origin}: file name ${shown(file.name)} ${problem}`)
  }
  problems.push(...collisions(planned))
  if (problems.length > 0) throw new LocketError('plan_conflict', problems.join('; '))
  return planned
}

/** Returns why a text cannot be the relative path of a file, as the end of a sentence, or undefined. */
export function nameProblem(name: string): string | undefined {
  if (name === '') return 'is empty'
  if (name.startsWith('/')) return 'must be relative to the folder of the secrets'
  if (!name.isWellFormed() || /\p{Cc}/u.test(name)) return 'holds a control character'
  if (isLonger(name, LONGEST_PATH)) return `is longer than ${LONGEST_PATH} bytes`
  for (const segment of name.split('/')) {
    if (segment === '') return 'has an empty part'
    if (segment === '.' || segment === '..') return `must not hold "${segment}"`
    if (isLonger(segment, LONGEST_SEGMENT)) return `has a part longer than ${LONGEST_SEGMENT} bytes`
  }
  return undefined
}

/**
 * Returns one message for each path with two sources, and for each file where another file needs a folder.
 * Paths are compared in Unicode's NFC form, because é can be written as one character or as two. They must be
 * all relative or all absolute.
 */
export function collisions(files: readonly { readonly path: string; readonly origin: string }[]): string[] {
  const problems: string[] = []
  const byPath = new Map<string, (typeof files)[number]>()
  for (const file of files) {
    const path = file.path.normalize('NFC')
    const twin = byPath.get(path)
    if (twin === undefined) byPath.set(path, file)
    else problems.push(`${shown(file.path)} comes from ${twin.origin} and from ${file.origin}`)
  }
  const free = new Set<string>()
  for (const [path, file] of byPath) {
    const folder = path.slice(0, Math.max(path.lastIndexOf('/'), 0))
    if (free.has(folder)) continue
    const blocker = parentFolders([path]).flatMap((above) => byPath.get(above) ?? [])[0]
    if (blocker === undefined) free.add(folder)
    else
      problems.push(
        `${blocker.origin} makes ${shown(blocker.path)} a file, ${file.origin} needs it as a folder`,
      )
  }
  return problems
}

/** A character of a text has three bytes at most, so that a short one need not be encoded. */
function isLonger(text: string, bytes: number): boolean {
  return text.length * 3 > bytes && new TextEncoder().encode(text).byteLength > bytes
}

function shown(name: string): string {
  return JSON.stringify(name.length > 100 ? `${name.slice(0, 100)}…` : name)
}
