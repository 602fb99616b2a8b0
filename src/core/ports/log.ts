/** A static message and facts; never a value, a body or a template's text. */
export interface Log {
  debug(event: string, message: string, facts?: LogFacts): void
  info(event: string, message: string, facts?: LogFacts): void
  warn(event: string, message: string, facts?: LogFacts): void
  error(event: string, message: string, facts?: LogFacts): void
}

export type LogFacts = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>
