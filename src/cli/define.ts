import type { Section } from '../settings/field.ts'

/** The registry's entry of a command: all that the program knows of it before it loads the command's file. */
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
 * The arguments beside the flags, as a shell completes them: files, or another program's command line after
 * `--`.
 */
export type Operands = 'files' | 'command'

/** One of a command's own commands, like `set` of `locket secret set`. */
export interface Action {
  /** Sections whose flags it takes, in the order of help. */
  readonly sections: readonly Section[]
  readonly takes?: Operands
}

/** One subcommand. Help, shell completion and the reference follow from this object. */
export interface Command {
  /** Lines of the help page after `Usage:`. The first one is a synopsis that begins with `locket NAME`. */
  readonly usage: readonly string[]
  /** A complete call that a reader can copy. */
  readonly example: string
  /** Sections whose flags it takes, in the order of help and reference. */
  readonly sections: readonly Section[]
  /** Sections that it takes too, which only `--help-all` shows. */
  readonly more?: readonly Section[]
  readonly takes?: Operands
  /** Its own commands. The sections of each are among `sections`. */
  readonly actions?: ReadonlyMap<string, Action>
  /**
   * Runs the command and returns the exit code. `run.ts` turns a LocketError that it throws into a line on
   * standard error and the exit code of the error.
   */
  run(context: CommandContext): Promise<number>
}

/** The surroundings of a command. A command reaches the process by no other way. */
export interface CommandContext {
  /** The command's own name, as the registry has it. */
  readonly name: string
  /** Arguments after the command's name. */
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  /** Absolute path of the working directory. */
  readonly cwd: string
  /** Another user than root has default paths in the home directory. */
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
