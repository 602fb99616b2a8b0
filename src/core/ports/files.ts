import type { FileAccess, Owner } from '../text/units.ts'
import type { Secret } from '../vocabulary/secret.ts'

/** Limits of a read: its size, and where its file may lie. */
export interface ReadLimits {
  readonly maxBytes: number
  /** Folders that the file must lie under once every link is followed. Undefined: anywhere. */
  readonly within?: readonly string[]
  /** Files and folders that the file must neither be nor lie under, also through links. */
  readonly except?: readonly string[]
}

/** Files that users name: templates and credentials. */
export interface SourceFiles {
  /**
   * Returns the content of a regular file; links are followed. Never blocks on a FIFO or a device. Rejects
   * with `io`, whose `cause` is the system's error; with `too_large`; or with `denied` when the file lies
   * outside `within` or in `except`.
   */
  read(path: string, limits: ReadLimits): Promise<Uint8Array>
  /** True: `read` has returned the content of this path before. The oldest of many paths are forgotten. */
  wasRead(path: string): boolean
}

/** The kind of thing that a template path leads to. */
export type SourceListing =
  | { readonly kind: 'file' }
  /**
   * A folder. `files`: relative paths of every regular file below it, except editors' temporary files. Links
   * are followed when they lead to something below the folder.
   */
  | { readonly kind: 'folder'; readonly files: readonly string[] }
  /** Nothing exists at the path, and the folder above exists. */
  | { readonly kind: 'missing' }

/** Folders of templates. */
export interface SourceTrees {
  /**
   * Returns what is at the path. Rejects with `io` when that is neither a file nor a folder, cannot be read,
   * holds too many files, or holds a link that leads nowhere; with `denied` when a link leads out of the
   * folder.
   */
  list(path: string): Promise<SourceListing>
  /** Returns the path with every link followed, as far as the path exists. */
  realPath(path: string): Promise<string>
}

/** The place where a file is written. Links in `folder` are followed, links in `path` never. */
export interface Place {
  /** Absolute path of a folder, which is created if it does not exist. */
  readonly folder: string
  /** Path below `folder`: plain segments joined by `/`. */
  readonly path: string
}

/** The content of a file and the place where it is written. */
export interface PlacedFile extends Place {
  readonly content: Secret
  /** Replaces the mode and the owner of PlaceOptions. */
  readonly access?: FileAccess | undefined
  /**
   * `replace`: an existing file is replaced unless it is equal. `refuse`: an existing file makes the write
   * fail.
   */
  readonly existing: 'replace' | 'refuse'
}

/** How files are written at places that users name. */
export interface PlaceOptions {
  readonly fileMode: number
  /** Mode of each folder that is created, at every depth. */
  readonly dirMode: number
  /** Owner of files and of folders that are created. Undefined: the owner of the process. */
  readonly owner?: Owner | undefined
}

/** The result of a write. A file that was equal already is in neither list of files, and keeps its inode. */
export interface Placed {
  /** Files that have another content, mode or owner than before. */
  readonly changed: readonly Place[]
  /** Files that did not exist before. */
  readonly made: readonly Place[]
  /** Absolute paths of folders that did not exist before, the outer ones first. */
  readonly folders: readonly string[]
}

/** Writes and removes files at places that users name. */
export interface PlacedFiles {
  /**
   * Writes all files beside their places, then renames them back to back. Temporary names begin with a dot
   * and end in `.tmp`. Rejects with `io`, `too_large` or `plan_conflict` (a file must not be replaced). After
   * a failure nothing new is left, unless a rename failed after others had succeeded.
   */
  write(files: readonly PlacedFile[], options: PlaceOptions): Promise<Placed>
  /**
   * Overwrites files with zeros and unlinks them, then removes those of the folders that are empty. A missing
   * file is success. Rejects with `io`.
   */
  remove(files: readonly Place[], folders: readonly string[]): Promise<void>
}

/** One file of a volume. `path` is relative: plain segments joined by `/`. */
export interface OutFile {
  readonly path: string
  readonly content: Secret
  readonly mode: number
  /** Undefined: the owner of TreeOptions. */
  readonly owner?: Owner | undefined
}

/** Owner and modes of a volume's files. */
export interface TreeOptions {
  /** Owner of files and folders. Undefined: the owner of the process. */
  readonly uid?: number | undefined
  readonly gid?: number | undefined
  /** Mode of folders inside the tree. */
  readonly dirMode: number
  /** Mode of the tree's root. */
  readonly rootMode: number
  /**
   * `generations`: all files change in one rename, and each is reached through the link `..data`. Left out or
   * `plain`: each file has a rename of its own.
   */
  readonly layout?: 'plain' | 'generations'
  /** The name of a file that `touch` writes: it stays, although it is none of the files. */
  readonly touched?: string | undefined
}

/** Owner and mode of a file that is touched. */
export type TouchOptions = Pick<TreeOptions, 'uid' | 'gid'> & { readonly fileMode: number }

/**
 * The result of one delivery, as names: paths of files, or names of variables. Equal files and variables are
 * in none of the lists, and an equal file keeps its inode.
 */
export interface Changes {
  /** Names with another content, mode or owner than before. */
  readonly changed: readonly string[]
  /** Names that did not exist before. */
  readonly made: readonly string[]
  /**
   * Names that existed and were removed. A removed folder of a volume is named instead of the files in it.
   */
  readonly gone: readonly string[]
}

/** Writes and wipes the files of a volume. Containers see `ROOT/data` and never `ROOT/stage`. */
export interface FileTree {
  /**
   * Makes `data/` hold exactly `files`: stages those that differ in `stage/`, renames them back to back, then
   * removes everything else from `data/`. A replaced file is unlinked and never overwritten: it may have
   * readers.
   */
  replaceAll(root: string, files: readonly OutFile[], options: TreeOptions): Promise<Changes>
  /**
   * Overwrites every file with zeros, truncates and unlinks it. A descriptor that is still open then reads
   * zeros. A missing root is success.
   */
  wipe(root: string): Promise<void>
  /**
   * Writes a mark beside `data/`, where no container sees it. It needs no free space on the tmpfs. A wipe
   * removes the mark.
   */
  mark(root: string, text: string): Promise<void>
  /** Returns the text of the mark, or undefined when there is no mark or no root. */
  markOf(root: string): Promise<string | undefined>
  /** Puts an empty file `name` directly below `data/`, in place of the one that was there. */
  touch(root: string, name: string, options: TouchOptions): Promise<void>
  /**
   * Notes beside `data/` that a reload is owed for what is in it. The note outlives this process, and a wipe
   * removes it.
   */
  oweReload(root: string): Promise<void>
  /** False also when there is no root. */
  isReloadOwed(root: string): Promise<boolean>
  /** Removes the note. A missing note or root is success. */
  reloadDone(root: string): Promise<void>
  /** Keeps the number and the time of a generation like a mark, in place of the one before. */
  keepGeneration(root: string, text: string): Promise<void>
  /** Returns the text that was kept, or undefined when there is none. */
  generationOf(root: string): Promise<string | undefined>
}

/** How paths are watched. */
interface WatchOptions {
  /** Milliseconds. Changes within this time are reported as one. */
  readonly debounceMs: number
  /**
   * True: a path may be a folder. A change below it, or its replacement by another folder, is a change too.
   */
  readonly isDeep: boolean
  /** Called at each event that may be a change, before the debounce. */
  readonly onNotice?: () => void
}

/**
 * Calls `onChange` after something at one of the paths was changed, replaced, created or removed. `changed`
 * names each file, as a path below the watched path, and each watched path that came, went or was replaced.
 * The caller must dispose of the result, or the process does not end.
 */
export type WatchPaths = (
  paths: readonly string[],
  onChange: (changed: readonly string[]) => void,
  options: WatchOptions,
) => Promise<AsyncDisposable>

/** Files of locket itself, such as the embedded store, which several of its processes may change. */
export interface OwnFiles {
  /**
   * Runs `body` while no other process of this machine is inside `exclusively` for the same file. The file
   * need not exist, and its folder is created (0700) if it does not exist. Waits at most 30 s, then rejects
   * with `timeout`. A process that dies releases the file.
   */
  exclusively<T>(path: string, signal: AbortSignal, body: () => Promise<T>): Promise<T>
  /**
   * Replaces the content: after a power cut the file holds the old content or all of the new one. Keeps owner
   * and mode of a file that exists; a new file gets `mode`.
   */
  replace(path: string, content: Uint8Array, mode: number): Promise<void>
}
