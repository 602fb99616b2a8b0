import { bytePatterns, type BytePatterns } from '../text/byte-patterns.ts'
import { printedForms } from '../text/printed-forms.ts'
import type { Secret } from '../vocabulary/secret.ts'

/** The values that answers must not show, in all their forms. */
export interface ScrubForms extends Disposable {
  readonly patterns: BytePatterns
  /** At `startOf` three bytes: 1 when a form may begin with them. It lets a search skip most bytes. */
  readonly starts: Uint8Array
  /** Returns the placeholder of the form. Undefined: there is no such form. */
  placeholderOf(form: Uint8Array): string | undefined
}

/** A value and the text that is shown in its place. */
interface ScrubbedValue {
  readonly placeholder: string
  readonly value: Secret
}

/** Hides values in one stream of bytes. */
export interface Scrubber {
  /** Takes more bytes, and returns those that can be shown so far. */
  push(chunk: Uint8Array): Uint8Array
  /** Returns the rest, at the end of the stream. */
  flush(): Uint8Array
}

const STARTS = 65_536

/** Mixes three bytes into an index below STARTS. Different bytes may have the same index. */
function startOf(first: number, second: number, third: number): number {
  return ((first << 8) | second) ^ ((third * 0x9e5) & 0xffff)
}

/** Returns the forms of these values: themselves, and their base64, hex, JSON and URL forms. */
export function scrubForms(values: readonly ScrubbedValue[]): ScrubForms {
  const forms = values.flatMap(({ placeholder, value }) =>
    printedForms(value).map((bytes) => ({ bytes, placeholder })),
  )
  const patterns = bytePatterns(forms.map(({ bytes }) => bytes))
  const starts = new Uint8Array(STARTS)
  for (const { bytes } of forms) starts[startOf(bytes[0] ?? 0, bytes[1] ?? 0, bytes[2] ?? 0)] = 1
  return {
    patterns,
    starts,
    placeholderOf: (form) => forms.find(({ bytes }) => Buffer.compare(bytes, form) === 0)?.placeholder,
    [Symbol.dispose]() {
      patterns.wipe()
      starts.fill(0)
      for (const { bytes } of forms) bytes.fill(0)
    },
  }
}

/**
 * Bytes that are shown although a value may begin with them. Holding them too would stop a conversation whose
 * last byte is by chance the first one of a value.
 */
const MOST_SHOWN = 2
const FILLER = '*'

/**
 * Makes a scrubber. Every form of a value is overwritten with the placeholder, cut or repeated to the length
 * of the form. So an answer keeps its length, and a message keeps its frame. At most the longest form is held
 * back. The first two bytes of a form may be shown when it arrives in pieces.
 */
export function createScrubber(forms: ScrubForms): Scrubber {
  const { patterns, starts } = forms
  let state = 0
  let held: Uint8Array = new Uint8Array(0)

  function push(chunk: Uint8Array): Uint8Array {
    if (held.byteLength === 0 && !mayBeIn(chunk)) return chunk
    const bytes = Buffer.concat([held, chunk])
    held.fill(0)
    const from = held.byteLength
    let last = FILLER
    // The bytes are changed only after the whole chunk is read, because a longer form may follow.
    const found: { readonly start: number; readonly end: number }[] = []
    for (let at = from; at < bytes.byteLength; at += 1) {
      state = patterns.step(state, bytes[at] ?? 0)
      const length = patterns.longest(state)
      if (length > 0) found.push({ start: Math.max(0, at + 1 - length), end: at + 1 })
    }
    const marks = found.map(({ start, end }) => ({
      start,
      end,
      text: forms.placeholderOf(bytes.subarray(start, end)),
    }))
    for (const { start, end, text } of marks) {
      last = text ?? last
      bytes.fill(last, start, end)
    }
    const depth = patterns.depth(state)
    // A form that has ended is hidden already, so its bytes need not be held.
    const count = bytes.byteLength - (depth > MOST_SHOWN ? depth : 0)
    const lastEnd = found.at(-1)?.end ?? 0
    const shown = Math.min(bytes.byteLength, Math.max(count, 0, Math.min(lastEnd, bytes.byteLength)))
    held = bytes.subarray(shown)
    return bytes.subarray(0, shown)
  }

  /** Follows the chunk as long as no form is found, and none begins. Otherwise leaves the state alone. */
  function mayBeIn(chunk: Uint8Array): boolean {
    const whole = chunk.byteLength - 2
    let next = state
    for (let at = 0; at < chunk.byteLength; at += 1) {
      if (next === 0) {
        at = skip(chunk, at, whole)
      }
      next = patterns.step(next, chunk[at] ?? 0)
      if (patterns.longest(next) > 0) return true
    }
    if (patterns.depth(next) > MOST_SHOWN) return true
    state = next
    return false
  }

  /** Returns the first index from `from` at which a form may begin. */
  function skip(chunk: Uint8Array, from: number, whole: number): number {
    let at = from
    while (at < whole && starts[startOf(chunk[at] ?? 0, chunk[at + 1] ?? 0, chunk[at + 2] ?? 0)] === 0)
      at += 1
    return at
  }

  return {
    push,
    flush() {
      const rest = held
      held = new Uint8Array(0)
      state = 0
      return rest
    },
  }
}
