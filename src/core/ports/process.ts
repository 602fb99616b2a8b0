import type { Redactor } from '../text/redact.ts'
import type { PassedSignal } from '../vocabulary/signals.ts'

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
  /** Signals go to all of its group, where it has one of its own; else to the program alone. */
  readonly isGroupSignalled: boolean
  /** Makes one for its standard output, one for its standard error. Undefined: it writes where this process would. */
  readonly redactor?: (() => Redactor) | undefined
}

/** A program that runs. */
export interface Child {
  /** Its exit code, or 128 + n when signal n ended it. Its masked output has been passed on. Never rejects. */
  readonly ended: Promise<number>
  /**
   * Passes on what this process was sent: to the program alone, or to its group as `isGroupSignalled` says. What the keyboard has sent
   * reaches all of the group, once.
   */
  signal(signal: PassedSignal): void
  /** SIGTERM to what the program, which has ended, has left in its own group, unless that has been sent it already. */
  terminateRest(): void
  /** SIGKILL to its own group; at a terminal to the program. */
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
