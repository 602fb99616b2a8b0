import { LocketError } from '../vocabulary/errors.ts'

/** Facts that a filter gets beside its arguments. */
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

/** One way to change a value on its way into a file. Synchronous and pure. */
export interface Filter {
  readonly name: string
  /** One line for the reference. */
  readonly summary: string
  /** All are required; count and kind are checked when a template is parsed. */
  readonly parameters: readonly ArgumentKind[]
  /** Largest value in bytes that the filter takes. Left out: 256 KiB. */
  readonly largestValue?: number
  /**
   * The new value, in bytes of its own or as a part of `value`, which it never changes.
   * Throws `filter_failed`, with a message that holds nothing of the value.
   */
  apply(value: Uint8Array, args: readonly string[], context: FilterContext): Uint8Array
}

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

/** What is wrong with the arguments of a call, or undefined. */
export function argumentProblem(filter: Filter, args: readonly string[]): string | undefined {
  const { name, parameters } = filter
  if (args.length !== parameters.length) {
    const wanted = ['no argument', 'one argument'][parameters.length] ?? `${parameters.length} arguments`
    return `filter ${name} takes ${wanted}, not ${args.length}`
  }
  const isWrong = parameters.some((kind, at) => kind === 'count' && !/^[0-9]{1,3}$/.test(args[at] ?? ''))
  return isWrong ? `filter ${name} takes a whole number from 0 to 999` : undefined
}

export function filterFailed(message: string, hint?: string): LocketError {
  return new LocketError('filter_failed', message, { hint })
}

/** The value as text, a leading byte order mark included, for filters that cannot work on bytes. */
export function decodeValue(value: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(value)
  } catch {
    throw filterFailed('the value is not UTF-8 text')
  }
}

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}
