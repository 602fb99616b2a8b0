export interface CommandSummary {
  readonly name: string
  readonly summary: string
}

/** What a command is given; it touches the process by no other way. */
export interface CommandContext {
  /** Arguments after the command's name. */
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  /** Where relative paths begin; absolute. */
  readonly cwd: string
  /** A user who is not root has his files in his own folder. */
  readonly isRoot: boolean
  /** Aborted by SIGINT and SIGTERM. */
  readonly signal: AbortSignal
  readonly stdin: NodeJS.ReadStream
  readonly stdout: NodeJS.WriteStream
  readonly stderr: NodeJS.WriteStream
  /** Every command, for who tells of them. */
  readonly commands: readonly CommandSummary[]
}

/** One subcommand. `index.ts` imports it only when it is called. */
export interface Command {
  /** The exit code. Throws LocketErrors, which become a line on standard error and their own exit code. */
  run(context: CommandContext): Promise<number>
}
