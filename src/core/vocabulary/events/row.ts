/** How important an event is, the least important first. */
export type EventLevel = 'debug' | 'info' | 'warn' | 'error'

/** The TypeScript types of the kinds of facts. A `?` marks a fact that may be undefined. */
export interface FactTypes {
  readonly text: string
  readonly texts: readonly string[]
  readonly number: number
  readonly 'number?': number | undefined
}

/** Names of facts, with their kinds. */
export type FactKinds = Readonly<Record<string, keyof FactTypes>>

/** One row of the table of events. */
export interface EventRow<F extends FactKinds> {
  readonly level: EventLevel
  /** `{fact}` is replaced by that fact, which a log line then does not print once more. */
  readonly message: string
  readonly facts: F
  /**
   * The name in log lines and in the reference, when several rows share one. Undefined: the row's own name.
   */
  readonly printedAs?: string
}

/** Makes a row of the table of events. */
export function row<const F extends FactKinds>(
  level: EventLevel,
  message: string,
  facts: F,
  printedAs?: string,
): EventRow<F> {
  return { level, message, facts, ...(printedAs === undefined ? {} : { printedAs }) }
}
