import { FAST_FILTER_BYTES, defineFilter } from './define.ts'

/**
 * Tab, line feed, vertical tab, form feed, carriage return, space. In UTF-8 these bytes are never a part of
 * another character.
 */
const BLANKS: ReadonlySet<number | undefined> = new Set([0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x20])

/** Filter `trim`: drops spaces, tabs and line breaks at both ends of the value. */
export const trim = defineFilter({
  name: 'trim',
  summary: 'without spaces, tabs and line breaks at both ends',
  parameters: [],
  largestValue: FAST_FILTER_BYTES,
  apply(value) {
    let start = 0
    let end = value.byteLength
    while (start < end && BLANKS.has(value[start])) start += 1
    while (end > start && BLANKS.has(value[end - 1])) end -= 1
    return value.subarray(start, end)
  },
})
