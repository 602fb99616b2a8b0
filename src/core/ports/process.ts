import type { Redactor } from '../text/redact.ts'
import type { PassedSignal } from './signals.ts'

/**
 * A process that runs a foreign library, so that a crash, hang or leak harms nothing else. Its environment
 * holds only the proxy and certificate variables. Its output is dropped.
 */
export interface Worker {
  /**
   * Sends plain data: strings, numbers, bytes, lists, objects. The data is lost when the process has ended.
   */
  send(message: unknown): void
  /** Sets the only listener for answers. */
  onMessage(listener: (message: unknown) => void): void
  /** Resolves when the process has ended, for whatever reason. */
  readonly ended: Promise<void>
  /** Sends SIGKILL to the process. */
  kill(): void
}

/**
 * Starts a process for one library, such as `op`. `caCert`: a file of certificates that it trusts beside the
 * usual ones.
 */
export type StartWorker = (library: string, options?: { readonly caCert?: string | undefined }) => Worker

/**
 * Calls `listener` for every signal that can be passed on, until disposed. Until then the signals have no
 * other effect on this process. When this process is the first one of a container, it also reaps the
 * processes that it inherits.
 */
export type ListenSignals = (listener: (signal: PassedSignal) => void) => Disposable

/** A program and its arguments. */
export type CommandLine = readonly [program: string, ...args: string[]]

/** How a program is started. */
export interface ChildOptions {
  /** The whole environment of the program. */
  readonly env: Readonly<Record<string, string>>
  /**
   * True: the program stays in the process group of this process, to which the terminal sends signals. False:
   * it gets a session and a group of its own.
   */
  readonly hasTerminal: boolean
  /** True: signals go to all of the program's own group. False: they go to the program alone. */
  readonly isGroupSignalled: boolean
  /**
   * Is called once for standard output and once for standard error. Undefined: the program inherits the
   * outputs of this process, unmasked.
   */
  readonly redactor?: (() => Redactor) | undefined
}

/** A running program. */
export interface Child {
  /**
   * Resolves to the exit code, or to 128 + n when signal n ended the program, once the masked output is
   * passed on. Never rejects.
   */
  readonly ended: Promise<number>
  /**
   * Forwards a signal that this process received: to the program alone, or to its group with
   * `isGroupSignalled`. A signal from the keyboard reaches each process of the group once.
   */
  signal(signal: PassedSignal): void
  /**
   * Sends SIGTERM to the processes that an ended program left in its own group, unless they received it
   * already.
   */
  terminateRest(): void
  /** Sends SIGKILL to the program's own group, or with `hasTerminal` to the program alone. */
  kill(): void
  /** True when the program has ended, and its group, if it has one, is empty. */
  isGone(): boolean
}

/**
 * The facts about the start of this process that Node has changed since. A program that takes its place gets
 * them back.
 */
export interface StartState {
  /** The soft limit of open files. Undefined: unknown, or unlimited. */
  readonly openFiles: number | undefined
  /** Numbers of the signals that were ignored. Empty: none, or unknown. */
  readonly ignoredSignals: readonly number[]
  /** The descriptors above 2 that were handed to this process. Empty: none, or unknown. */
  readonly descriptors: readonly number[]
  /** For the descriptors 0, 1 and 2, in this order: the flags of fcntl(2) F_GETFL. Undefined: not open. */
  readonly standardFlags: readonly (number | undefined)[]
}

/** How a program takes the place of this process. */
export interface ReplaceOptions {
  /** The whole environment of the program. */
  readonly env: Readonly<Record<string, string>>
  readonly startState: StartState
  /** Stops everything until the last moment: its reason is thrown, and the program does not start. */
  readonly signal: AbortSignal
}

/** Starts programs. */
export interface Programs {
  /** Throws `command_not_found` or `command_not_executable` when the program cannot be started. */
  check(command: CommandLine, env: ChildOptions['env']): void
  /**
   * Replaces this process by the program: same process ID, and nothing of this process remains in memory.
   * Returns only by throwing `command_not_found` or `command_not_executable`.
   */
  replace(command: CommandLine, options: ReplaceOptions): Promise<never>
  /** Begins to load what `replace` needs. It fails there. */
  prepare(): void
  /** Starts the program. See RunChild. */
  run: RunChild
  /** True when this process has a terminal that can send signals. */
  hasTerminal(): boolean
}

/** Starts a program. Resolves once it runs. Rejects with `command_not_found` or `command_not_executable`. */
type RunChild = (command: CommandLine, options: ChildOptions) => Promise<Child>
