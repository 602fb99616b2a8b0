const NAME = /^[A-Za-z_][A-Za-z0-9_.-]*$/

/**
 * Returns what is wrong with a variable's name, as the end of a sentence that begins with it; undefined when it is a good one. Names like
 * `discovery.type` are good: the kernel, Docker and Compose take them, and only shells cannot read them.
 */
export function variableNameProblem(name: string): string | undefined {
  if (NAME.test(name)) return undefined
  return 'is no name for a variable: it may hold letters, digits, _, . and -, and begins with a letter or _'
}
