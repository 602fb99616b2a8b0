import type { Secret } from '../vocabulary/secret.ts'

/** Limits of a read: its size, and where its file may lie. */
export interface ReadLimits {
  readonly maxBytes: number
  /** Folders that the file must lie under once every link is followed. Undefined: anywhere. */
  readonly within?: readonly string[]
  /** Files and folders that the file must neither be nor lie under, by whatever link. */
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
}

/** The kind of thing that a template path leads to. */
export type SourceListing =
  | { readonly kind: 'file' }
  /**
   * A folder. `files`: relative paths of every regular file below it, except editors' temporary files. Links
   * are followed when they lead to something below the folder.
   */
  | { readonly kind: 'folder'; readonly files: readonly string[] }
  /** There is nothing, and the folder above exists. */
  | { readonly kind: 'missing' }

/** Folders of templates. */
export interface SourceTrees {
  /**
   * Returns what is at the path. Rejects with `io` when that is neither a file nor a folder, cannot be read,
   * is a link that leads nowhere, or holds too many files; with `denied` when a link leads out of the folder.
   */
  list(path: string): Promise<SourceListing>
  /** Returns the path with every link followed, as far as the path exists. */
  realPath(path: string): Promise<string>
}

/** Where a file is to be written. Links in `folder` are followed, links in `path` never. */
export interface Place {
  /** Absolute path of a folder, which is made if need be. */
  readonly folder: string
  /** Path below `folder`: plain segments joined by `/`. */
  readonly path: string
}

/** A file to be written at its place. */
export interface PlacedFile extends Place {
  readonly content: Secret
}

/** How files are written at places that users name. */
export interface PlaceOptions {
  readonly fileMode: number
  /** Mode of each folder that has to be made, however deep. */
  readonly dirMode: number
  /** Owner of files, and of folders that have to be made. Undefined: the owner of the process. */
  readonly owner?: { readonly uid: number; readonly gid: number } | undefined
  /** Replaces a file that exists already, or refuses to: then it is an error. */
  readonly existing: 'replace' | 'refuse'
}

/** Files and folders that a write made, so that they can be removed again. */
export interface Placed {
  /** Files that were not there before. */
  readonly made: readonly Place[]
  /** Folders that were not there before, the outer ones first; absolute. */
  readonly folders: readonly string[]
  /** Number of files whose content, mode or owner changed. The others were not touched. */
  readonly changed: number
}

/** Files at places that users name. */
export interface PlacedFiles {
  /**
   * Writes all files beside their places, then renames them back to back. Temporary names begin with a dot
   * and end in `.tmp`. Rejects with `io`, `too_large` or `plan_conflict` (a file must not be replaced);
   * nothing new is left then, unless a rename failed after others.
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
}

/** Files of a volume. Containers see `ROOT/data`, and never `ROOT/stage`. */
export interface FileTree {
  /**
   * Makes `data/` hold exactly `files`: stages all in `stage/`, renames them back to back, then removes
   * everything else from `data/`.
   */
  replaceAll(root: string, files: readonly OutFile[], options: TreeOptions): Promise<void>
  /**
   * Overwrites every file with zeros, truncates and unlinks it. A descriptor that is still open then reads
   * zeros. A missing root is success.
   */
  wipe(root: string): Promise<void>
  /**
   * Marks the tree beside `data/`, where no container sees it. A wipe removes the mark. Takes no room on a
   * full tmpfs.
   */
  mark(root: string, text: string): Promise<void>
  /** Undefined: the tree has no mark, or the root is missing. */
  markOf(root: string): Promise<string | undefined>
}

/**
 * Calls `onChange` after any of the files changed, was replaced or came back. Changes within `debounceMs`
 * milliseconds are one call.
 */
export type WatchFiles = (
  paths: readonly string[],
  onChange: () => void,
  options: { readonly debounceMs: number },
) => Promise<AsyncDisposable>

/**
 * Watches files, and folders with everything below them, as WatchFiles does. A folder that is replaced whole
 * is a change too.
 */
export type WatchTrees = WatchFiles

/** Files that locket writes for its user, and that several of its processes may change. */
export interface OwnFiles {
  /**
   * Runs `body` while no other process of this machine is inside `exclusively` for the same file. The file
   * need not exist; its folder is made (0700) if need be. Waits at most 30 s, then rejects with `timeout`. A
   * process that dies releases the file.
   */
  exclusively<T>(path: string, signal: AbortSignal, body: () => Promise<T>): Promise<T>
  /**
   * Replaces the content: after a power cut the file holds the old content or all of the new one. Keeps owner
   * and mode of a file that exists; a new file gets `mode`.
   */
  replace(path: string, content: Uint8Array, mode: number): Promise<void>
}
