import type { BytePatterns } from './byte-patterns.ts'

/** Replaces the secrets in a stream of output. */
export interface Redactor {
  /** Takes more output and returns what can be shown so far. Bytes that may begin a secret are held back. */
  push(chunk: Uint8Array): Uint8Array
  /** Replaces the patterns. The bytes that are held back are searched for the new ones too. */
  use(patterns: BytePatterns): void
  /** Returns the rest, at the end of the output. */
  flush(): Uint8Array
}

/** The text that is shown instead of a secret. */
export const MASK = '[secret]'

interface Span {
  readonly start: number
  readonly end: number
}

/**
 * Returns a redactor that leaves out every byte of a pattern, and shows each run of such bytes as one
 * `[secret]`. Values that overlap or touch are one run. The result does not depend on how the output is cut
 * into chunks.
 */
export function createRedactor(first: BytePatterns): Redactor {
  const mask = new TextEncoder().encode(MASK)
  let patterns = first
  let state = 0
  let held: Uint8Array = new Uint8Array(0)
  /** The secret parts of `held`, in order. They do not touch each other. */
  let spans: Span[] = []
  /** The last output was a mask: a secret that touches it needs no second one. */
  let isInside = false

  function push(chunk: Uint8Array): Uint8Array {
    const start = held.byteLength
    held = joined([held, chunk])
    scan(start)
    return show(held.byteLength - patterns.depth(state))
  }

  function scan(start: number): void {
    for (let at = start; at < held.byteLength; at += 1) {
      state = patterns.step(state, held[at] ?? 0)
      const length = patterns.longest(state)
      if (length > 0) cover(at + 1 - length, at + 1)
    }
  }

  function cover(from: number, end: number): void {
    let start = from
    for (let last = spans.at(-1); last !== undefined && last.end >= start; last = spans.at(-1)) {
      start = Math.min(start, last.start)
      spans.pop()
    }
    spans.push({ start, end })
  }

  /** Returns the first `count` bytes of `held`, masked. Later bytes cannot make more of them secret. */
  function show(count: number): Uint8Array {
    const parts: Uint8Array[] = []
    let at = 0
    for (const { start, end } of spans) {
      if (start >= count) break
      if (start > at) parts.push(held.subarray(at, start))
      if (start > at || !isInside) parts.push(mask)
      isInside = true
      at = Math.min(end, count)
    }
    if (at < count) {
      parts.push(held.subarray(at, count))
      isInside = false
    }
    const shown = joined(parts)
    const rest = held.slice(count)
    held.fill(0)
    held = rest
    spans = spans
      .filter(({ end }) => end > count)
      .map(({ start, end }) => ({ start: Math.max(0, start - count), end: end - count }))
    return shown
  }

  return {
    push,
    use(next) {
      const before = spans
      patterns = next
      state = 0
      spans = []
      scan(0)
      spans = merged([...before, ...spans])
    },
    flush() {
      const rest = show(held.byteLength)
      state = 0
      isInside = false
      return rest
    },
  }
}

function merged(spans: readonly Span[]): Span[] {
  const all: Span[] = []
  for (const span of spans.toSorted((a, b) => a.start - b.start)) {
    const last = all.at(-1)
    if (last === undefined || last.end < span.start) all.push(span)
    else all.splice(-1, 1, { start: last.start, end: Math.max(last.end, span.end) })
  }
  return all
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { byteLength }) => sum + byteLength, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.byteLength
  }
  return whole
}
