import { bytesOf, defineFilter } from './define.ts'

/** Characters that RFC 3986 (2.3) allows without encoding in every part of a URL. */
const UNRESERVED = new Set(bytesOf('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~'))
const HEX = bytesOf('0123456789ABCDEF')
const PERCENT = 0x25

/** Filter `urlencode`: percent-encodes every byte that is not unreserved in URLs. */
export const urlencode = defineFilter({
  name: 'urlencode',
  summary: 'percent-encoded for any part of a URL: all but letters, digits and - . _ ~',
  parameters: [],
  apply(value) {
    const encoded = new Uint8Array(value.byteLength * 3)
    let to = 0
    for (const byte of value) {
      if (UNRESERVED.has(byte)) {
        encoded[to] = byte
        to += 1
        continue
      }
      encoded[to] = PERCENT
      encoded[to + 1] = HEX[byte >> 4] ?? 0
      encoded[to + 2] = HEX[byte & 15] ?? 0
      to += 3
    }
    return encoded.subarray(0, to)
  },
})
