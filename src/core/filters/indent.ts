import { defineFilter } from './define.ts'

const LINE_FEED = 0x0a
const SPACE = 0x20

/**
 * Filter `indent`. Like Helm's `indent` it moves the first line too, so the tag must be at the left margin of
 * the template. Empty lines stay empty.
 */
export const indent = defineFilter({
  name: 'indent',
  summary:
    'every line that is not empty moved right by N spaces, the first one too: write the tag at the left margin',
  parameters: ['count'],
  apply(value, [count = '0']) {
    const width = Number(count)
    const starts = lineStarts(value)
    const indented = new Uint8Array(value.byteLength + starts.length * width)
    let from = 0
    let to = 0
    for (const start of [...starts, value.byteLength]) {
      indented.set(value.subarray(from, start), to)
      to += start - from
      from = start
      if (start < value.byteLength) indented.fill(SPACE, to, (to += width))
    }
    return indented
  },
})

function lineStarts(value: Uint8Array): number[] {
  const starts: number[] = []
  for (let start = 0; start < value.byteLength;) {
    if (value[start] !== LINE_FEED) starts.push(start)
    const end = value.indexOf(LINE_FEED, start)
    start = end === -1 ? value.byteLength : end + 1
  }
  return starts
}
