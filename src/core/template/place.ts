/** Both count from 1; a column is a character. */
export interface TextPosition {
  readonly line: number
  readonly column: number
}

const LINE_FEED = 0x0a

/**
 * Finds line and column of byte offsets. Each offset must not be less than the one before, so that the text
 * is read once.
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
