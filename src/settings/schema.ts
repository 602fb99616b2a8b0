import { formatError, isLocketError, LocketError } from '../core/vocabulary/errors.ts'

// Settings are texts and lists of texts. Every command parses them, so they have these few schemas of their
// own: zod takes 20 ms to load and to build the schemas of all settings, as long as Node's own start.

/** The result of a schema: the value, or the reasons why there is none. */
type Parsed<T> =
  | { readonly success: true; readonly data: T }
  | { readonly success: false; readonly error: { readonly issues: readonly { readonly message: string }[] } }

/** A value whose checks have found `problems`. No value: the input has the wrong type, or no meaning. */
type Reading<T> =
  | { readonly isRead: true; readonly value: T; readonly problems: readonly string[] }
  | { readonly isRead: false; readonly problems: readonly string[] }

/** The type of the values that a schema returns. */
export type Output<S> = S extends Schema<infer T> ? T : never

/** Parses the text of a setting, or the list of texts of a list. Users read the messages of its issues. */
export class Schema<T> {
  /** The words that the setting accepts; none when it accepts any text. */
  readonly options: readonly string[]
  readonly #read: (input: unknown) => Reading<T>

  constructor(read: (input: unknown) => Reading<T>, options: readonly string[] = []) {
    this.#read = read
    this.options = options
  }

  safeParse(input: unknown): Parsed<T> {
    const reading = this.#read(input)
    if (reading.isRead && reading.problems.length === 0) return { success: true, data: reading.value }
    return { success: false, error: { issues: reading.problems.map((message) => ({ message })) } }
  }

  /** Throws `config` for an input that `safeParse` refuses. */
  parse(input: unknown): T {
    const parsed = this.safeParse(input)
    if (parsed.success) return parsed.data
    throw new LocketError('config', parsed.error.issues.map(({ message }) => message).join('; '))
  }

  /** Returns a schema that also accepts a setting that nobody gave. */
  optional(): Schema<T | undefined> {
    return new Schema<T | undefined>(
      (input) => (input === undefined ? { isRead: true, value: undefined, problems: [] } : this.#read(input)),
      this.options,
    )
  }

  /** Returns a schema with one more check. All checks of a value are reported, not the first one alone. */
  refine(isRight: (value: T) => boolean, message: string): Schema<T> {
    return new Schema((input) => {
      const reading = this.#read(input)
      if (!reading.isRead || isRight(reading.value)) return reading
      return { ...reading, problems: [...reading.problems, message] }
    }, this.options)
  }

  /** Returns a schema of the results of `parse`, which throws a LocketError for a wrong value. */
  transform<U>(parse: (value: T) => U): Schema<U> {
    return this.pipe(new Schema((value) => readBy(parse, value as T)))
  }

  /** Returns a schema that gives a right value to `next`. */
  pipe<U>(next: Schema<U>): Schema<U> {
    return new Schema((input) => {
      const reading = this.#read(input)
      const isRight = reading.isRead && reading.problems.length === 0
      return isRight ? next.#read(reading.value) : { isRead: false, problems: reading.problems }
    })
  }
}

/** The texts of LocketErrors become problems. Any other error is a bug, and is thrown. */
function readBy<T, U>(parse: (value: T) => U, value: T): Reading<U> {
  try {
    return { isRead: true, value: parse(value), problems: [] }
  } catch (thrown) {
    if (!isLocketError(thrown)) throw thrown
    return { isRead: false, problems: [formatError(thrown)] }
  }
}

/** Any text. */
export const AnyText = new Schema<string>((input) =>
  typeof input === 'string'
    ? { isRead: true, value: input, problems: [] }
    : { isRead: false, problems: ['must be a text'] },
)

/** Returns a schema of texts that match the pattern. */
export function matching(pattern: RegExp, message: string): Schema<string> {
  return AnyText.refine((text) => pattern.test(text), message)
}

/** Returns a schema of lists with entries of one schema. */
export function listOf<T>(entry: Schema<T>): Schema<T[]> {
  return new Schema<T[]>((input) => {
    if (!Array.isArray(input)) return { isRead: false, problems: ['must be a list'] }
    const parsed = input.map((one) => entry.safeParse(one))
    const problems = parsed.flatMap((one) => (one.success ? [] : one.error.issues.map((it) => it.message)))
    return { isRead: true, value: parsed.flatMap((one) => (one.success ? [one.data] : [])), problems }
  })
}

/** Returns a schema of the given words. `problem` makes the message about any other text. */
export function oneOf<const W extends string>(
  words: readonly W[],
  problem: (input: unknown) => string,
): Schema<W> {
  return new Schema<W>((input) => {
    const word = words.find((one) => one === input)
    return word === undefined
      ? { isRead: false, problems: [problem(input)] }
      : { isRead: true, value: word, problems: [] }
  }, words)
}
