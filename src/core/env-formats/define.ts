/** A way to write an environment down as text that another program reads. Pure. */
export interface EnvFormat {
  /** As `--format` has it. */
  readonly name: string
  /** One clause, for help and messages: who reads it. */
  readonly summary: string
  /** What of this variable cannot be written so that it is read again as it is, as the end of `the format NAME cannot hold …`. */
  readonly obstacle?: (name: string, value: string) => string | undefined
  /** Programs that read this value otherwise than it is. Those that `summary` names are never among them. */
  readonly misreaders?: (value: string) => readonly string[]
  /** The whole text. Only of variables without an obstacle. */
  readonly write: (variables: ReadonlyMap<string, string>) => string
}

export function defineEnvFormat(format: EnvFormat): EnvFormat {
  return format
}

/** A text of one entry after the other, each with its line's end. */
export function linesOf(
  variables: ReadonlyMap<string, string>,
  line: (name: string, value: string) => string,
): string {
  return [...variables].map(([name, value]) => `${line(name, value)}\n`).join('')
}
