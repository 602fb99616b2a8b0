import { FAST_FILTER_BYTES, bytesOf, defineFilter } from './define.ts'

/** Filter `base64`: encodes the value as RFC 4648 base64 with padding, without line breaks. */
export const base64 = defineFilter({
  name: 'base64',
  summary: 'standard base64 with padding, on one line',
  parameters: [],
  largestValue: FAST_FILTER_BYTES,
  apply: (value) => bytesOf(Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64')),
})
