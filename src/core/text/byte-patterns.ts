/**
 * Finds any of many byte strings in one pass (Aho and Corasick). A state is a number; it is 0 at the start.
 */
export interface BytePatterns {
  /** Returns the state after one more byte. */
  step(state: number, byte: number): number
  /** Returns how many of the last bytes may be the beginning of a pattern. */
  depth(state: number): number
  /** Returns the length in bytes of the longest pattern that ends here, 0 for none. */
  longest(state: number): number
  /** Overwrites the patterns. Nothing is found afterwards. */
  wipe(): void
}

/** Returns a search for the patterns. They are copied, and empty patterns are ignored. */
export function bytePatterns(patterns: readonly Uint8Array[]): BytePatterns {
  const room = 1 + patterns.reduce((sum, { byteLength }) => sum + byteLength, 0)
  const [child, sibling, fallback, depths, matches] = [
    new Int32Array(room),
    new Int32Array(room),
    new Int32Array(room),
    new Int32Array(room),
    new Int32Array(room),
  ]
  const bytes = new Uint8Array(room)
  const root = new Int32Array(256)
  let size = 1

  function childOf(state: number, byte: number): number {
    if (state === 0) return root[byte] ?? 0
    let at = child[state] ?? 0
    while (at !== 0 && bytes[at] !== byte) at = sibling[at] ?? 0
    return at
  }

  function add(state: number, byte: number): number {
    const made = size
    size += 1
    bytes[made] = byte
    depths[made] = (depths[state] ?? 0) + 1
    if (state === 0) root[byte] = made
    sibling[made] = child[state] ?? 0
    child[state] = made
    return made
  }

  function step(from: number, byte: number): number {
    let state = from
    for (;;) {
      const next = childOf(state, byte)
      if (next !== 0 || state === 0) return next
      state = fallback[state] ?? 0
    }
  }

  /** Links each state to the shorter one that it falls back to, level by level. */
  function link(): void {
    const queue = new Int32Array(size)
    let end = 1
    for (let at = 0; at < end; at += 1) {
      const state = queue[at] ?? 0
      for (let next = child[state] ?? 0; next !== 0; next = sibling[next] ?? 0) {
        queue[end] = next
        end += 1
        if (state === 0) continue
        const shorter = step(fallback[state] ?? 0, bytes[next] ?? 0)
        fallback[next] = shorter
        matches[next] ||= matches[shorter] ?? 0
        // A pattern that ends here can go on only in the state that it falls back to.
        if (child[next] === 0) depths[next] = depths[shorter] ?? 0
      }
    }
  }

  for (const pattern of patterns) {
    let state = 0
    for (const byte of pattern) state = childOf(state, byte) || add(state, byte)
    if (state !== 0) matches[state] = pattern.byteLength
  }
  link()

  return {
    step,
    depth: (state) => depths[state] ?? 0,
    longest: (state) => matches[state] ?? 0,
    wipe() {
      for (const array of [child, root, bytes, matches]) array.fill(0)
    },
  }
}
