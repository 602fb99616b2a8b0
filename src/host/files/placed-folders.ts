import { lstatSync, mkdirSync, realpathSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { errnoOf, LocketError } from '../../core/vocabulary/errors.ts'
import type { Place, PlaceOptions } from '../../core/ports/files.ts'
import { openDir, type DirHandle } from './dir-handle.ts'
import { ownerOfProcess, setOwnerAndMode } from './staged-file.ts'
import { writeError } from './write-error.ts'

/** The folders of one write: open while it lasts. */
export interface PlacedFolders extends Disposable {
  /**
   * The open folder of a file. Makes it if need be. Throws `io` for a link below the folder that the user
   * named.
   */
  folderOf(file: Place): DirHandle
  /** Absolute paths of the folders that were made, the outer ones first. */
  readonly made: readonly string[]
  /** Gives the folders that were made their owner and mode. */
  finish(options: PlaceOptions): void
}

export function openPlacedFolders(): PlacedFolders {
  const stack = new DisposableStack()
  const open = new Map<string, DirHandle>()
  const made: string[] = []
  const keep = (path: string, handle: DirHandle): DirHandle => {
    open.set(path, stack.use(handle))
    return handle
  }
  return {
    made,
    folderOf({ folder, path }) {
      let handle = open.get(folder) ?? keep(folder, openDir(makeAbove(folder, made)))
      let at = folder
      for (const segment of path.split('/').slice(0, -1)) {
        const inner = join(at, segment)
        handle = open.get(inner) ?? keep(inner, openOrMake(handle, segment, inner, made))
        at = inner
      }
      return handle
    },
    finish(options) {
      for (const path of made) finishFolder(path, options)
    },
    [Symbol.dispose]: () => stack.dispose(),
  }
}

/** The path of a folder that the user named, behind every link. Makes what is missing of it. */
function makeAbove(path: string, made: string[]): string {
  try {
    return realpathSync(path)
  } catch (thrown) {
    if (errnoOf(thrown) !== 'ENOENT' || dirname(path) === path) throw thrown
  }
  const own = join(makeAbove(dirname(path), made), basename(path))
  mkdirSync(own, { mode: 0o700 })
  made.push(own)
  return own
}

function openOrMake(parent: DirHandle, name: string, path: string, made: string[]): DirHandle {
  try {
    mkdirSync(parent.at(name), { mode: 0o700 })
    made.push(path)
  } catch (thrown) {
    if (errnoOf(thrown) !== 'EEXIST') throw thrown
    if (lstatSync(parent.at(name)).isSymbolicLink())
      throw new LocketError('io', `${path} is a link, which outputs do not follow`, {
        hint: 'name the folder that it leads to',
      })
  }
  return openDir(parent.at(name))
}

function finishFolder(path: string, { owner, dirMode }: PlaceOptions): void {
  try {
    using folder = openDir(path)
    setOwnerAndMode(folder.fd, owner ?? ownerOfProcess(), dirMode)
  } catch (thrown) {
    throw writeError(path, thrown)
  }
}
