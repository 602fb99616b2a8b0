/** A text format for environment variables that another program reads. Its functions are pure. */
export interface EnvFormat {
  /** The value of `--format`. */
  readonly name: string
  /** One clause for help and messages: which programs read the format. */
  readonly summary: string
  /**
   * Returns why the format cannot hold the variable unchanged, as the end of `the format NAME cannot hold …`.
   */
  readonly obstacle?: (name: string, value: string) => string | undefined
  /**
   * Returns the programs that read another value than this one. They never include those that `summary`
   * names.
   */
  readonly misreaders?: (value: string) => readonly string[]
  /** Returns the whole text. No variable may have an obstacle. */
  readonly write: (variables: ReadonlyMap<string, string>) => string
}

/** Returns the format. It only checks the type of the declaration. */
export function defineEnvFormat(format: EnvFormat): EnvFormat {
  return format
}

/** Returns one line for each variable, each with a line break at its end. */
export function linesOf(
  variables: ReadonlyMap<string, string>,
  line: (name: string, value: string) => string,
): string {
  return [...variables].map(([name, value]) => `${line(name, value)}\n`).join('')
}
