import type { Owner } from '../text/units.ts'
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
   * The content of a regular file; links are followed. Rejects with `io` (its `cause` is the system error, so
   * ENOENT can be told), `too_large`, or `denied` when it lies outside `within` or is of `except`. Never
   * blocks on a FIFO or device.
   */
  read(path: string, limits: ReadLimits): Promise<Uint8Array>
}

/** The content of a path that should hold templates. */
export type SourceListing =
  | { readonly kind: 'file' }
  /**
   * `files`: relative paths of every regular file below it, without temporary files of editors. Links are
   * followed if they lead below it.
   */
  | { readonly kind: 'folder'; readonly files: readonly string[] }
  /** There is nothing at the path; its folder is there. */
  | { readonly kind: 'missing' }

/** Folders of templates. */
export interface SourceTrees {
  /**
   * Rejects with `io` for what is neither file nor folder, is unreadable, or holds a link that leads nowhere
   * or too many files; with `denied` for a link that leads out of the folder.
   */
  list(path: string): Promise<SourceListing>
  /** The path behind every link, as far as it exists. */
  realPath(path: string): Promise<string>
}

/** Where a file is to be. Links in `folder` are followed, links in `path` never. */
export interface Place {
  /** Absolute. It is made if it is missing. */
  readonly folder: string
  /** Below `folder`: plain segments joined by `/`. */
  readonly path: string
}

/** A file to be written at its place. */
export interface PlacedFile extends Place {
  readonly content: Secret
  /**
   * Treatment of a file that exists already: it is replaced unless it is the same, or the write is refused.
   */
  readonly existing: 'replace' | 'refuse'
}

/** How files are written at places that users name. */
export interface PlaceOptions {
  readonly fileMode: number
  /** Mode of each folder that has to be made, however deep. */
  readonly dirMode: number
  /** Owner of files, and of folders that have to be made; undefined: as the process. */
  readonly owner?: Owner | undefined
}

/**
 * The files that a write touched. A file that was the same already is in neither list and keeps its inode.
 */
export interface Placed {
  /** Files that have another content, mode or owner than before. */
  readonly changed: readonly Place[]
  /** Files that were not there before. */
  readonly made: readonly Place[]
  /** Absolute paths of folders that were not there before, the outer ones first. */
  readonly folders: readonly string[]
}

/** Files at places that users name. */
export interface PlacedFiles {
  /**
   * All are written beside their places, then renamed back to back. Temporary names begin with a dot and end
   * in `.tmp`. Rejects with `io`, `too_large` or `plan_conflict` (what is there must not be replaced); then
   * nothing new is left, unless a rename failed after others.
   */
  write(files: readonly PlacedFile[], options: PlaceOptions): Promise<Placed>
  /**
   * Overwrites with zeros and unlinks, then removes those of the folders that are empty. A file that is not
   * there is success. Rejects with `io`.
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

/**
 * The changes of one delivery, by name: paths of files, or names of variables. A file or variable that was
 * the same already is in no list; such a file keeps its inode.
 */
export interface Changes {
  /** It has another content, mode or owner than before. */
  readonly changed: readonly string[]
  /** It was not there before. */
  readonly made: readonly string[]
  /**
   * It was there and is removed. A folder of a volume that is removed whole is named instead of the files in
   * it.
   */
  readonly gone: readonly string[]
}

/** Files of a volume: `ROOT/data` is what containers see, `ROOT/stage` is not. */
export interface FileTree {
  /**
   * Makes `data/` hold exactly `files`. Files that differ are staged in `stage/`, then renamed one after the
   * other. Every other entry of `data/` is removed.
   */
  replaceAll(root: string, files: readonly OutFile[], options: TreeOptions): Promise<Changes>
  /**
   * Overwrites every file with zeros, truncates, unlinks. A descriptor that is still open then reads zeros.
   * Missing root is success.
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

interface WatchOptions {
  /** Changes within this time are one. */
  readonly debounceMs: number
  /** Paths may be folders: what changes below them, or a folder that is replaced whole, is a change too. */
  readonly isDeep: boolean
}

/**
 * Calls `onChange` after something at one of the paths changed, was replaced, came or went. Rejects when
 * nothing can be watched. The caller must dispose of the answer, or the process does not end.
 */
export type WatchPaths = (
  paths: readonly string[],
  onChange: () => void,
  options: WatchOptions,
) => Promise<AsyncDisposable>

/** Files that locket writes for its user, and that several of its processes may change. */
export interface OwnFiles {
  /**
   * Runs `body` while no other process of this machine is inside `exclusively` for the same file, which need
   * not exist; its folder is made (0700) if need be. Waits at most 30 s, then rejects with `timeout`. A
   * process that dies lets go.
   */
  exclusively<T>(path: string, signal: AbortSignal, body: () => Promise<T>): Promise<T>
  /**
   * The old content or all of the new one, also after a power cut. Owner and mode of a file that is there are
   * kept, else `mode`.
   */
  replace(path: string, content: Uint8Array, mode: number): Promise<void>
}
