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
    let quotes = 0
    for (const byte of value) if (byte === QUOTE) quotes += 1
    const quoted = new Uint8Array(value.byteLength + quotes * (ESCAPED_QUOTE.byteLength - 1) + 2)
    quoted[0] = QUOTE
    let to = 1
    for (const byte of value) {
      if (byte === QUOTE) {
        // `set` costs ten times as much for four bytes.
        for (const escaped of ESCAPED_QUOTE) quoted[to++] = escaped
      } else quoted[to++] = byte
    }
    quoted[to] = QUOTE
    return quoted
  },
})
