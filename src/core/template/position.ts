/** A position in a text. Line and column count from 1, the column in characters. */
export interface TextPosition {
  readonly line: number
  readonly column: number
}

const LINE_FEED = 0x0a

/**
 * Returns a function from byte offsets to positions in UTF-8 text. Offsets must not decrease from call to
 * call: each byte is then read only once.
 */
export function createLocator(bytes: Uint8Array): (offset: number) => TextPosition {
  let position: TextPosition = { line: 1, column: 1 }
  let at = 0
  return (offset) => {
    // Local variables make this loop several times as fast as those of the closure.
    let { line, column } = position
    for (let next = at; next < offset; next += 1) {
      const byte = bytes[next] ?? 0
      if (byte === LINE_FEED) {
        line += 1
        column = 1
      } else if (!continuesCharacter(byte)) column += 1
    }
    at = Math.max(at, offset)
    position = { line, column }
    return position
  }
}

function continuesCharacter(byte: number): boolean {
  return byte >= 0x80 && byte < 0xc0
}
