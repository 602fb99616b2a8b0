import type { Redactor } from './redact.ts'
import type { VolumeRecord } from './volume.ts'
import type { Secret } from './secret.ts'

/** Time, so that tests can turn it. */
export interface Clock {
  /** Milliseconds since the epoch. It may be set back. */
  now(): number
  /** Milliseconds since some moment. It only grows: for how long something lasts. */
  elapsed(): number
  /** Rejects with the signal's reason when aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

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

/** Where the records on disk came from, and what had to be done to read them. */
export interface LoadedState {
  readonly records: readonly VolumeRecord[]
  /** `previous`: the newest file was damaged and set aside; `none`: no state has ever been written here. */
  readonly source: 'current' | 'previous' | 'none'
  /** One line each, for the log and Status. */
  readonly warnings: readonly string[]
}

/** The only thing that outlives the daemon. */
export interface Store {
  /** Rejects with `state_corrupt` when a state was there and none of it can be read. */
  load(): Promise<LoadedState>
  /** Durable when it resolves. Calls that wait are merged: the newest records win, all waiters get the one result. */
  save(records: readonly VolumeRecord[]): Promise<void>
}

export interface TmpfsOptions {
  readonly sizeBytes: number
  /** Upper limit of inodes, our own folders included. */
  readonly inodes: number
  /** Mode of the tmpfs root. */
  readonly mode: number
  /** Beyond nosuid, nodev, noexec, which are dropped only by their explicit opposites: `exec`, `suid`, `dev`; also `ro`, `noatime`. */
  readonly flags: readonly string[]
  readonly selinuxContext?: string
  /** Mount even where pages may reach swap. */
  readonly allowSwap: boolean
}

export interface Mounted {
  /** What differs from what was asked for, one line each: `may be swapped: …`. */
  readonly warnings: readonly string[]
}

/** The kernel's mounts, of our own tmpfs only. */
export interface MountTable {
  /** Asked of the kernel each time. */
  isMounted(target: string): Promise<boolean>
  /** Targets of all tmpfs directly below `dir`. */
  listUnder(dir: string): Promise<readonly string[]>
  /** Makes `target` (0700) if need be. Rejects with `mount_failed`, and then nothing is mounted. */
  mountTmpfs(target: string, options: TmpfsOptions): Promise<Mounted>
  /** Changes the size of a mounted one. */
  resize(target: string, sizeBytes: number): Promise<void>
  /** Lazily if busy; then removes the empty folder. Not mounted is success. */
  unmount(target: string): Promise<void>
}

/** One file to be in a volume: `path` is relative, of plain segments joined by `/`. */
export interface OutFile {
  readonly path: string
  readonly content: Secret
  readonly mode: number
}

export interface TreeOptions {
  /** Owner of files and folders; undefined: as the process. */
  readonly uid?: number
  readonly gid?: number
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

/** What tells one boot of the host from another. */
export interface HostFacts {
  readonly bootId: string
  uptimeMs(): number
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

/**
 * A library of somebody else's in a process of its own: what crashes, hangs or grows in there takes nothing else along. Its environment has
 * the proxy and certificate variables only; what it prints goes nowhere.
 */
export interface Worker {
  /** Plain data: strings, numbers, bytes, lists, objects. Lost when the process has ended. */
  send(message: unknown): void
  /** One listener for all. */
  onMessage(listener: (message: unknown) => void): void
  /** Resolves when the process has ended, for whatever reason. */
  readonly ended: Promise<void>
  /** At once, without asking it. */
  kill(): void
}

/** Begins a process for one library: `op`. `caCert`: a file of certificates that it trusts beside the usual ones. */
export type StartWorker = (library: string, options?: { readonly caCert?: string | undefined }) => Worker

/** Signals that a process passes on to the program that it runs. */
export type PassedSignal =
  | 'SIGTERM'
  | 'SIGINT'
  | 'SIGHUP'
  | 'SIGQUIT'
  | 'SIGUSR1'
  | 'SIGUSR2'
  | 'SIGWINCH'
  | 'SIGCONT'
  | 'SIGTSTP'

/**
 * Until disposed, these signals do nothing by themselves to this process, but call `listener`. As the first process of a container, it also
 * waits for those that it has inherited.
 */
export type ListenSignals = (listener: (signal: PassedSignal) => void) => Disposable

/** A program and its arguments. */
export type CommandLine = readonly [program: string, ...args: string[]]

export interface ChildOptions {
  /** All of its environment. */
  readonly env: Readonly<Record<string, string>>
  /** It stays in the process group of this process, which the terminal sends its signals to; else it has a session and a group of its own. */
  readonly hasTerminal: boolean
  /** Makes one for its standard output, one for its standard error. Undefined: it writes where this process would. */
  readonly redactor?: (() => Redactor) | undefined
}

/** A program that runs. */
export interface Child {
  /** Its exit code, or 128 + n when signal n ended it. Its masked output has been passed on. Never rejects. */
  readonly ended: Promise<number>
  /** Passes on what this process was sent, to its group or, at a terminal, to the program alone: unless the terminal has sent it to both. */
  signal(signal: PassedSignal): void
  /** SIGKILL, to the same. */
  kill(): void
  /** Nothing of it, nor of its group if it has one, is left. */
  isGone(): boolean
}

export interface Programs {
  /** Throws `command_not_found` or `command_not_executable` for what would not start. */
  check(command: CommandLine, env: ChildOptions['env']): void
  /** Resolves once it runs; rejects as `check` throws. */
  run: RunChild
  /** This process has a terminal that can send signals. */
  hasTerminal(): boolean
}

export type RunChild = (command: CommandLine, options: ChildOptions) => Promise<Child>

/** A static message and facts; never a value, a body or a template's text. */
export interface Log {
  debug(event: string, message: string, facts?: LogFacts): void
  info(event: string, message: string, facts?: LogFacts): void
  warn(event: string, message: string, facts?: LogFacts): void
  error(event: string, message: string, facts?: LogFacts): void
}
export type LogFacts = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>
