import { watch, type FSWatcher } from 'node:fs'
import { statfs } from 'node:fs/promises'

/** The entry of a folder that something happened to. Undefined: any of them, or the folder itself. */
type OnEvent = (folder: string, entry: string | undefined) => void

/** A set of watched folders. */
interface FolderWatches extends Disposable {
  /**
   * Watches exactly these folders from now on. The keys are real paths; a folder whose identity has changed
   * is watched anew. Resolves with what has become of them.
   */
  follow(folders: ReadonlyMap<string, string>): Promise<Following>
}

interface Following {
  /** A folder was not watched before: what happened in it until now was not seen. */
  readonly hasNew: boolean
  /** Every folder is watched, and its file system tells of all changes. */
  readonly isComplete: boolean
}

interface Watched {
  readonly identity: string
  /** Undefined: the system refused the watch, because of too many watches or a missing permission. */
  readonly watcher: FSWatcher | undefined
  readonly tellsAll: boolean
}

/** Watches folders by inotify, one watch for each folder. It watches none yet. */
export function openFolderWatches(onEvent: OnEvent): FolderWatches {
  const watched = new Map<string, Watched>()

  function unwatch(path: string): void {
    watched.get(path)?.watcher?.close()
    watched.delete(path)
  }

  function open(path: string): FSWatcher | undefined {
    try {
      return watch(path, (_kind, entry) => onEvent(path, entry ?? undefined)).on('error', () => {
        unwatch(path)
        onEvent(path, undefined)
      })
    } catch {
      return undefined
    }
  }

  return {
    async follow(folders) {
      for (const [path, { identity }] of watched) if (folders.get(path) !== identity) unwatch(path)
      let hasNew = false
      for (const [path, identity] of folders) {
        const before = watched.get(path)
        // A refused watch is tried again, because the reason may be gone.
        if (before?.watcher !== undefined) continue
        const watcher = open(path)
        hasNew ||= watcher !== undefined
        watched.set(path, { identity, watcher, tellsAll: before?.tellsAll ?? false })
      }
      for (const [path, one] of watched)
        if (!one.tellsAll) watched.set(path, { ...one, tellsAll: await tellsOfChanges(path) })
      const isComplete = [...watched.values()].every((one) => one.watcher !== undefined && one.tellsAll)
      return { hasNew, isComplete }
    },
    [Symbol.dispose]() {
      for (const path of watched.keys()) unwatch(path)
    },
  }
}

/**
 * File systems on which every change is made through this kernel, so that inotify tells of it. Others, such
 * as NFS, 9p and FUSE, have changes of other machines. Types as in statfs(2).
 */
const LOCAL: ReadonlySet<number> = new Set([
  0xef53, // ext2, ext3, ext4
  0x58465342, // xfs
  0x9123683e, // btrfs
  0x01021994, // tmpfs
  0x858458f6, // ramfs
  0x794c7630, // overlayfs
  0xf2f52010, // f2fs
  0x2fc12fc1, // zfs
  0xca451a4e, // bcachefs
  0x73717368, // squashfs
  0xe0f5e1e2, // erofs
  0x9660, // iso9660
  0x4d44, // vfat
  0x2011bab0, // exfat
])

async function tellsOfChanges(path: string): Promise<boolean> {
  try {
    return LOCAL.has((await statfs(path)).type)
  } catch {
    return false
  }
}
