const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/

/** What is wrong with a variable's name, as the end of a sentence that begins with it. Undefined: nothing, every shell can read it. */
export function variableNameProblem(name: string): string | undefined {
  if (NAME.test(name)) return undefined
  return 'is no name for a variable: it may hold letters, digits and _, no digit first'
}
