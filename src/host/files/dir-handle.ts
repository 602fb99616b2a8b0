import { closeSync, constants, mkdirSync, openSync } from 'node:fs'
import { errnoOf } from '../../core/vocabulary/errors.ts'

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants

/**
 * An open folder. Paths made with `at` go through the descriptor, so that no process can replace a folder
 * above it with a link. Node has no openat(2); /proc/self/fd has the same effect.
 */
export interface DirHandle extends Disposable {
  readonly fd: number
  /**
   * Returns a path for a system call. `name` is one segment, and the last one of that path: O_NOFOLLOW,
   * lstat, unlink and rename then follow no link at all.
   */
  at(name: string): string
  /** Returns such a path for a name that may not be UTF-8. */
  atBytes(name: Buffer): Buffer
  /** The path of the folder itself, for readdir. */
  readonly self: string
}

/** Opens a folder. Throws ENOTDIR or ELOOP when the last segment is not a folder, or is a link to one. */
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

/** Opens a folder. Returns undefined when `path` is not a folder, or is a link to one. */
export function openDirIfAny(path: string): DirHandle | undefined {
  try {
    return openDir(path)
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errnoOf(error) ?? '')) return undefined
    throw error
  }
}

/** Opens a folder. Makes it (0700) if it does not exist. */
export function openOrMakeDir(path: string): DirHandle {
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error
  }
  return openDir(path)
}

/**
 * Opens a folder below `top`, segment by segment, so that no link on the way is followed. `.` is `top`
 * itself. Returns undefined when a segment is not a folder.
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

/** Does the same, but `.` is `top` without another descriptor: `top` must stay open as long as the result. */
export function openWithin(top: DirHandle, path: string): DirHandle | undefined {
  return path === '.' ? { ...top, [Symbol.dispose]: () => undefined } : openBelow(top, path)
}
