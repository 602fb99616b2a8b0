import { defineFilter, filterFailed } from './define.ts'

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
  apply(value, [count = '0'], { maxBytes = Number.POSITIVE_INFINITY }) {
    const width = Number(count)
    const length = value.byteLength + countLines(value) * width
    if (length > maxBytes) throw filterFailed(`the result has ${length} bytes, at most ${maxBytes} fit`)
    const indented = new Uint8Array(length)
    let to = 0
    let before = LINE_FEED
    for (const byte of value) {
      if (before === LINE_FEED && byte !== LINE_FEED)
        for (let column = 0; column < width; column += 1) indented[to++] = SPACE
      indented[to++] = byte
      before = byte
    }
    return indented
  },
})

/** Counts the lines that are not empty. */
function countLines(value: Uint8Array): number {
  let lines = 0
  let before = LINE_FEED
  for (const byte of value) {
    if (before === LINE_FEED && byte !== LINE_FEED) lines += 1
    before = byte
  }
  return lines
}
