import type { Secret } from '../vocabulary/secret.ts'

export interface ReadLimits {
  readonly maxBytes: number
  /** Folders that the file must lie under once every link is followed; undefined: anywhere. */
  readonly within?: readonly string[]
  /** Files and folders that it must neither be nor lie under, whatever links lead there. */
  readonly except?: readonly string[]
}

/** Files that users name: templates and credentials. */
export interface SourceFiles {
  /**
   * The content of a regular file; links are followed. Rejects with `io` (its `cause` is the system error, so ENOENT can be
   * told), `too_large`, or `denied` when it lies outside `within` or is of `except`. Never blocks on a FIFO or device.
   */
  read(path: string, limits: ReadLimits): Promise<Uint8Array>
}

/** What is at a path that holds templates. */
export type SourceListing =
  | { readonly kind: 'file' }
  /** Every regular file below it, as relative paths; links are followed as long as they lead to something below it. Of editors' temporary files, none. */
  | { readonly kind: 'folder'; readonly files: readonly string[] }
  /** Nothing, in a folder that is there. */
  | { readonly kind: 'missing' }

/** Folders of templates. */
export interface SourceTrees {
  /** Rejects with `io`: neither file nor folder, unreadable, a link that leads nowhere, too many files; with `denied`: a link that leads out of it. */
  list(path: string): Promise<SourceListing>
  /** Behind every link, as far as the path exists. */
  realPath(path: string): Promise<string>
}

/** Where a file is to be: links in `folder` are followed, those in `path` never. */
export interface Place {
  /** Absolute. It is made if need be. */
  readonly folder: string
  /** Below it: plain segments joined by `/`. */
  readonly path: string
}

export interface PlacedFile extends Place {
  readonly content: Secret
}

export interface PlaceOptions {
  readonly fileMode: number
  /** Of each folder that has to be made, however deep. */
  readonly dirMode: number
  /** Of files, and of folders that have to be made; undefined: as the process. */
  readonly owner?: { readonly uid: number; readonly gid: number } | undefined
  /** What becomes of a file that is there already: another content takes its place, or it is an error. */
  readonly existing: 'replace' | 'refuse'
}

/** What was made, to be taken away again. */
export interface Placed {
  /** Files that were not there before. */
  readonly made: readonly Place[]
  /** Folders that were not there before, the outer ones first; absolute. */
  readonly folders: readonly string[]
  /** How many files have another content, mode or owner than before. The others were not touched. */
  readonly changed: number
}

/** Files at places that users name. */
export interface PlacedFiles {
  /**
   * All are written beside their places, then renamed back to back. Temporary names begin with a dot and end in `.tmp`. Rejects with `io`,
   * `too_large` or `plan_conflict` (what is there must not be replaced); then nothing new is left, unless a rename failed after others.
   */
  write(files: readonly PlacedFile[], options: PlaceOptions): Promise<Placed>
  /** Overwrites with zeros and unlinks; then removes those of the folders that are empty. What is not there is gone. Rejects with `io`. */
  remove(files: readonly Place[], folders: readonly string[]): Promise<void>
}

/** One file to be in a volume: `path` is relative, of plain segments joined by `/`. */
export interface OutFile {
  readonly path: string
  readonly content: Secret
  readonly mode: number
}

export interface TreeOptions {
  /** Owner of files and folders; undefined: as the process. */
  readonly uid?: number | undefined
  readonly gid?: number | undefined
  /** Mode of folders inside the tree. */
  readonly dirMode: number
  /** Mode of the tree's root. */
  readonly rootMode: number
}

/** Files of a volume: `ROOT/data` is what containers see, `ROOT/stage` is not. */
export interface FileTree {
  /** Makes `data/` hold exactly `files`: all staged in `stage/`, then renamed back to back. What `data/` held beside them is removed. */
  replaceAll(root: string, files: readonly OutFile[], options: TreeOptions): Promise<void>
  /** Overwrites every file with zeros, truncates, unlinks. A descriptor that is still open then reads zeros. Missing root is success. */
  wipe(root: string): Promise<void>
}

/** Calls `onChange` after any of the files changed, was replaced or came back; changes within `debounceMs` are one. */
export type WatchFiles = (
  paths: readonly string[],
  onChange: () => void,
  options: { readonly debounceMs: number },
) => Promise<AsyncDisposable>

/** The same of files and of folders with all that is below them; a folder that is replaced whole is a change too. */
export type WatchTrees = WatchFiles

/** Files that locket writes for its user, and that several of its processes may change. */
export interface OwnFiles {
  /**
   * Runs `body` while no other process of this machine is inside `exclusively` for the same file, which need not exist; its folder
   * is made (0700) if need be. Waits at most 30 s, then rejects with `timeout`. A process that dies lets go.
   */
  exclusively<T>(path: string, signal: AbortSignal, body: () => Promise<T>): Promise<T>
  /** The old content or all of the new one, also after a power cut. Owner and mode of a file that is there are kept, else `mode`. */
  replace(path: string, content: Uint8Array, mode: number): Promise<void>
}
