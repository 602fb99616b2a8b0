import type { Redactor } from '../text/redact.ts'
import type { PassedSignal } from '../vocabulary/signals.ts'

/**
 * A foreign library in a process of its own: a crash, a hang or a leak there harms nothing else. Its
 * environment holds the proxy and certificate variables only; its output is dropped.
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
  /** Kills the process at once, without asking it. */
  kill(): void
}

/**
 * Starts a process for one library, such as `op`. `caCert`: a file of certificates that it trusts beside the
 * usual ones.
 */
export type StartWorker = (library: string, options?: { readonly caCert?: string | undefined }) => Worker

/**
 * Calls `listener` for these signals until disposed; meanwhile they have no other effect on this process. As
 * the first process of a container, it also waits for the processes that it has inherited.
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
   * Makes one redactor for standard output and one for standard error. Undefined: the program writes where
   * this process would.
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
   * Passes on a signal that this process got: to the program alone, or to its group with `isGroupSignalled`. A
   * signal of the keyboard reaches the whole group, once.
   */
  signal(signal: PassedSignal): void
  /**
   * Sends SIGTERM to the processes that an ended program has left in its own group, unless they have got it
   * already.
   */
  terminateRest(): void
  /** Sends SIGKILL to the program's own group; at a terminal to the program. */
  kill(): void
  /** True when the program has ended, and its group, if it has one, is empty. */
  isGone(): boolean
}

/** Starts programs. */
export interface Programs {
  /** Throws `command_not_found` or `command_not_executable` when the program cannot be started. */
  check(command: CommandLine, env: ChildOptions['env']): void
  /** Starts the program, and resolves once it runs. Rejects as `check` throws. */
  run: RunChild
  /** True when this process has a terminal that can send signals. */
  hasTerminal(): boolean
}

/** Starts a program. */
export type RunChild = (command: CommandLine, options: ChildOptions) => Promise<Child>
