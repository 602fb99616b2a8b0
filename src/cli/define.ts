import type { StartState } from '../core/ports/process.ts'
import type { Section } from '../settings/field.ts'

/** A command in the registry: the facts that the program needs before it loads the command's file. */
export interface CommandEntry {
  readonly name: string
  /** One line for the overview and the head of the help page: lower case, no full stop. */
  readonly summary: string
  /** True: configuration files may have a table of this name, like `[volume]`. */
  readonly hasTable?: true
  /** True: the command uses no network, so proxy variables need not be valid. */
  readonly isOffline?: true
  /** Loads the command's file. */
  readonly load: () => Promise<{ readonly command: Command }>
}

/**
 * The kind of arguments that are not flags, for shell completion: files, or the command line of another
 * program after `--`.
 */
export type Operands = 'files' | 'command'

/** A command inside a command, like `set` of `locket secret set`. */
export interface Action {
  /** The sections whose flags the action takes, in the order of help. */
  readonly sections: readonly Section[]
  readonly takes?: Operands
}

/** One command of locket. Help, shell completion and the reference are made from this object. */
export interface Command {
  /** Lines of the help page after `Usage:`. The first one is a synopsis that begins with `locket NAME`. */
  readonly usage: readonly string[]
  /** A complete call that a reader can copy. */
  readonly example: string
  /** The sections whose flags the command takes, in the order of help and reference. */
  readonly sections: readonly Section[]
  /** Further sections of the command, which only `--help-all` shows. */
  readonly more?: readonly Section[]
  readonly takes?: Operands
  /** The actions by their names. The sections of each are among `sections`. */
  readonly actions?: ReadonlyMap<string, Action>
  /** True: the command has a meaning without an action too. */
  readonly runsAlone?: true
  /**
   * Runs the command and returns the exit code. `run.ts` turns a LocketError that it throws into a line on
   * standard error and the exit code of the error.
   */
  run(context: CommandContext): Promise<number>
}

/** The parts of the process that a command may use. A command uses no other part of the process. */
export interface CommandContext {
  /** The command's name in the registry. */
  readonly name: string
  /** Arguments after the command's name. */
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  readonly startState: StartState
  /** True: this process is a plugin of the Docker CLI, and learns from a connection that it is to end. */
  readonly followsDocker: boolean
  /** The user that runs this process. */
  readonly uid: number
  /** Absolute path of the working directory. */
  readonly cwd: string
  /** The time of the call, in milliseconds since the epoch. */
  readonly calledAt: number
  /** False: default paths are in the user's home directory. */
  readonly isRoot: boolean
  /** Aborted by SIGINT and SIGTERM. */
  readonly signal: AbortSignal
  readonly stdin: NodeJS.ReadStream
  readonly stdout: NodeJS.WriteStream
  readonly stderr: NodeJS.WriteStream
  /** The registry. */
  readonly commands: readonly CommandEntry[]
  /** Names of the tables that a configuration file may have, one for each command with `hasTable`. */
  readonly tables: readonly string[]
}
