/** One reference in an audit line. */
export interface AuditedValue {
  /** The reference as the user wrote it. */
  readonly reference: string
  /** `ok`, `cache` for a value of the cache, or the code of the error. */
  readonly outcome: string
  /**
   * A keyed fingerprint of the value: equal for equal values of one reference on one host. Undefined without
   * a value.
   */
  readonly fingerprint?: string
  /** For `cache`: when the provider gave the value, in ISO 8601. */
  readonly since?: string
}

/** The action that a line is about. */
type AuditAction =
  | 'start'
  | 'stop'
  | 'mount'
  | 'mount-again'
  | 'refresh'
  /** A dry run, which shows names and sizes. */
  | 'render'
  | 'unmount'
  | 'remove'
  /** A value was put into a request of a command that does not have it. */
  | 'swap'
  /** A request of such a command was not sent. */
  | 'refuse'
  /** A value for a task of a Swarm. */
  | 'secret'
  /** The end of a line that a crash had cut off was removed. */
  | 'repaired'
  /** Lines could not be written before this one. */
  | 'gap'

/** The facts of one audit line. No fact holds a secret value. */
export interface AuditFacts {
  /** ISO 8601. */
  readonly time: string
  readonly action: AuditAction
  /** `ok`, or the code of the error. */
  readonly outcome: string
  /** The command of locket that did it. */
  readonly command: string
  readonly volume?: string
  readonly mountId?: string
  /** The container, where it is known. */
  readonly container?: string
  /** The Swarm secret. */
  readonly secret?: string
  /** The task of a Swarm that it is for, and the service of the task. */
  readonly service?: string
  readonly task?: string
  /** The provider instance that was asked for the values. */
  readonly provider?: string
  readonly values?: readonly AuditedValue[]
  /** The reason in words, for another outcome than `ok`, and for `repaired` and `gap`. */
  readonly note?: string
}

/** References in one line. More of them make several lines. */
const MOST_VALUES = 100

/** Returns the facts as several lines when they have many references. */
export function inLines(facts: AuditFacts): readonly AuditFacts[] {
  const { values } = facts
  if (values === undefined || values.length <= MOST_VALUES) return [facts]
  const parts = Array.from({ length: Math.ceil(values.length / MOST_VALUES) }, (_, part) =>
    values.slice(part * MOST_VALUES, (part + 1) * MOST_VALUES),
  )
  return parts.map((part) => ({ ...facts, values: part }))
}

const LONGEST_TEXT = 2000

/** Returns the facts with each text cut to 2000 characters: a line must not grow with what others write. */
export function shortened(facts: AuditFacts): AuditFacts {
  const cut = (text: string): string =>
    text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}…` : text
  return {
    ...facts,
    ...(facts.note === undefined ? {} : { note: cut(facts.note) }),
    ...(facts.values === undefined
      ? {}
      : { values: facts.values.map((value) => ({ ...value, reference: cut(value.reference) })) }),
  }
}
