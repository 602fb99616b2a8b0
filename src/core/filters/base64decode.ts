import { FAST_FILTER_BYTES, defineFilter, filterFailed } from './define.ts'

/** Node decodes what it can and drops the rest: a damaged value must not become a shorter one, so it is checked here. */
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
    if (!isWhole || !/^[A-Za-z0-9+/_-]*$/.test(digits)) throw filterFailed('the value is not base64')
    // Of its own buffer, not of Node's pool: what is wiped later must be this value alone.
    return new Uint8Array(Buffer.from(digits, 'base64'))
  },
})
