import { bytesOf, defineFilter, filterFailed } from './define.ts'

const QUOTE = 0x27
const ESCAPED_QUOTE = bytesOf(`'\\''`)

/** Filter `shell`: writes the value as one word of a POSIX shell, in single quotes. */
export const shell = defineFilter({
  name: 'shell',
  summary: 'one word for a POSIX shell, in single quotes',
  parameters: [],
  apply(value) {
    if (value.includes(0)) throw filterFailed('the value holds a NUL byte, which a shell word cannot hold')
    const quotes = value.reduce((count, byte) => count + (byte === QUOTE ? 1 : 0), 0)
    const quoted = new Uint8Array(value.byteLength + quotes * (ESCAPED_QUOTE.byteLength - 1) + 2)
    quoted[0] = QUOTE
    let to = 1
    for (const byte of value) {
      if (byte === QUOTE) quoted.set(ESCAPED_QUOTE, to)
      else quoted[to] = byte
      to += byte === QUOTE ? ESCAPED_QUOTE.byteLength : 1
    }
    quoted[to] = QUOTE
    return quoted
  },
})
