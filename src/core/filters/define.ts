import { LocketError } from '../vocabulary/errors.ts'

/** The input of a filter apart from the value and the arguments. */
interface FilterContext {
  /** Milliseconds since the epoch. */
  readonly nowMs: number
  /** Largest result in bytes. A filter whose result may be many times its value checks it first. */
  readonly maxBytes?: number
}

/** Bytes of a value that a filter takes: more would keep all other work waiting for too long. */
const LARGEST_VALUE = 256 * 1024

/** Bytes of a value that a filter takes which only copies or encodes blocks of bytes. */
export const FAST_FILTER_BYTES = 8 * 1024 * 1024

/** `text`: any string. `count`: a whole number from 0 to 999. */
type ArgumentKind = 'text' | 'count'

/** A named function that a template tag applies to a value. It is synchronous and pure. */
export interface Filter {
  readonly name: string
  /** One line for the reference of filters. */
  readonly summary: string
  /** Kinds of the arguments. All are required, and they are checked when a template is parsed. */
  readonly parameters: readonly ArgumentKind[]
  /** Largest value in bytes that the filter takes. Left out: 256 KiB. */
  readonly largestValue?: number
  /**
   * Returns the new value, in new bytes or as a part of `value`, which it never changes. Throws
   * `filter_failed`, with a message that contains no part of the value.
   */
  apply(value: Uint8Array, args: readonly string[], context: FilterContext): Uint8Array
}

/** Returns the filter. It only checks the type of the declaration. */
export function defineFilter(filter: Filter): Filter {
  return filter
}

/**
 * Applies a filter to a value of any size. Throws `filter_failed` for a value that is larger than the filter
 * takes.
 */
export function applyFilter(
  filter: Filter,
  value: Uint8Array,
  args: readonly string[],
  context: FilterContext,
): Uint8Array {
  const { largestValue = LARGEST_VALUE } = filter
  if (value.byteLength > largestValue)
    throw filterFailed(`the value has ${value.byteLength} bytes, it takes at most ${largestValue}`)
  return filter.apply(value, args, context)
}

/** Returns a message about wrong arguments of a call, or undefined when they are valid. */
export function argumentProblem(filter: Filter, args: readonly string[]): string | undefined {
  const { name, parameters } = filter
  if (args.length !== parameters.length) {
    const wanted = ['no argument', 'one argument'][parameters.length] ?? `${parameters.length} arguments`
    return `filter ${name} takes ${wanted}, not ${args.length}`
  }
  const isWrong = parameters.some((kind, at) => kind === 'count' && !/^[0-9]{1,3}$/.test(args[at] ?? ''))
  return isWrong ? `filter ${name} takes a whole number from 0 to 999` : undefined
}

/** Returns a `filter_failed` error. The message must not contain any part of the value. */
export function filterFailed(message: string, hint?: string): LocketError {
  return new LocketError('filter_failed', message, { hint })
}

/**
 * Returns the value as text, for filters that cannot work on bytes. A leading byte order mark is kept. Throws
 * `filter_failed` when the value is not UTF-8.
 */
export function decodeValue(value: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(value)
  } catch {
    throw filterFailed('the value is not UTF-8 text')
  }
}

/** Returns the UTF-8 bytes of a text. */
export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}
