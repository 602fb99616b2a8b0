const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c]
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d]

/** Limits of a JSON text. Brackets and commas outside strings count as values. */
interface JsonLimits {
  /** The deepest nesting of arrays and objects. */
  readonly depth: number
  readonly values: number
}

/**
 * Returns the limit that a JSON text exceeds; undefined when it keeps both. Ask before parsing: V8 needs
 * seconds for some texts of a few megabytes and blocks the process meanwhile.
 */
export function jsonExcess(text: Uint8Array, limits: JsonLimits): keyof JsonLimits | undefined {
  let depth = 0
  let marks = 0
  for (let at = 0; at < text.length; at += 1) {
    const byte = text[at]
    if (byte === QUOTE) {
      at = endOfString(text, at)
      continue
    }
    if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) depth += 1
    else if (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) depth -= 1
    else if (byte !== COMMA) continue
    marks += 1
    if (depth > limits.depth) return 'depth'
    if (marks > limits.values) return 'values'
  }
  return undefined
}

/** The index of the quote that ends the string, or the text's length. */
function endOfString(text: Uint8Array, start: number): number {
  let at = start + 1
  while (at < text.length && text[at] !== QUOTE) at += text[at] === BACKSLASH ? 2 : 1
  return at
}
