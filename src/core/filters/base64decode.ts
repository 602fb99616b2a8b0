import { FAST_FILTER_BYTES, defineFilter, filterFailed } from './define.ts'

/**
 * Filter `base64decode`. It checks the text itself, because Node drops characters that are not base64 and
 * would turn a damaged value into a shorter one.
 */
export const base64decode = defineFilter({
  name: 'base64decode',
  summary: 'the bytes behind base64, standard or URL-safe; line breaks and missing padding are accepted',
  parameters: [],
  largestValue: FAST_FILTER_BYTES,
  apply(value) {
    const text = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
      .toString('latin1')
      .replace(/[ \t\r\n]+/g, '')
    const digits = text.endsWith('==') ? text.slice(0, -2) : text.endsWith('=') ? text.slice(0, -1) : text
    const isPadded = digits.length !== text.length
    const isWhole = digits.length % 4 !== 1 && (!isPadded || text.length % 4 === 0)
    if (!isWhole || !/^[A-Za-z0-9+/_-]*$/.test(digits))
      throw filterFailed('the value is not base64', 'leave the filter out for a plain value')
    // A copy with its own buffer: Node's pool also holds other data, and the buffer is wiped later.
    return new Uint8Array(Buffer.from(digits, 'base64'))
  },
})
