import { closeSync, constants, mkdirSync, openSync } from 'node:fs'
import { errnoOf } from '../../core/vocabulary/errors.ts'

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants

/**
 * An open folder. Paths made with `at` go through the descriptor, so that nobody can swap a folder above for
 * a link: Node has no openat(2), and /proc/self/fd does the same.
 */
export interface DirHandle extends Disposable {
  readonly fd: number
  /**
   * `name` is one segment. It is the last one of the path: O_NOFOLLOW, lstat, unlink and rename then follow
   * no link at all.
   */
  at(name: string): string
  /** The same for a name that may not be UTF-8. */
  atBytes(name: Buffer): Buffer
  /** The folder itself, for readdir. */
  readonly self: string
}

/** Throws ENOTDIR or ELOOP when the last segment is no folder or a link to one. */
export function openDir(path: string): DirHandle {
  const fd = openSync(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
  const self = `/proc/self/fd/${fd}`
  return {
    fd,
    self,
    at: (name) => `${self}/${name}`,
    atBytes: (name) => Buffer.concat([Buffer.from(`${self}/`), name]),
    [Symbol.dispose]: () => closeSync(fd),
  }
}

/** Undefined when `path` is not a folder, or is a link to one. */
export function openDirIfAny(path: string): DirHandle | undefined {
  try {
    return openDir(path)
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errnoOf(error) ?? '')) return undefined
    throw error
  }
}

/** Makes the folder (0700) if it is not there. */
export function openOrMakeDir(path: string): DirHandle {
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error
  }
  return openDir(path)
}

/**
 * Segment by segment, so that no link on the way is followed. `.` is the folder itself. Undefined: not a
 * folder all the way.
 */
export function openBelow(top: DirHandle, path: string): DirHandle | undefined {
  let current = openDir(`${top.self}/.`)
  for (const segment of path === '.' ? [] : path.split('/')) {
    using parent = current
    const next = openDirIfAny(parent.at(segment))
    if (next === undefined) return undefined
    current = next
  }
  return current
}
