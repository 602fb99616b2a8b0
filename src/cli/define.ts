import type { Deps } from '../wire.ts'

/** What a command is given; it builds nothing itself. */
export interface CommandContext {
  /** Arguments after the command's name. */
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  readonly deps: Deps
  /** Aborted by SIGINT and SIGTERM. */
  readonly signal: AbortSignal
  readonly stdin: NodeJS.ReadStream
  readonly stdout: NodeJS.WriteStream
  readonly stderr: NodeJS.WriteStream
}

/** One subcommand. `index.ts` imports it only when it is called. */
export interface Command {
  /** The exit code. */
  run(context: CommandContext): Promise<number>
}
