import { bytesOf, defineFilter, filterFailed, decodeValue } from './define.ts'

/** The parser takes a microsecond or two for each value, and nothing else runs meanwhile. */
const MOST_VALUES = 20_000

/**
 * A number with its digits as written. A JavaScript number would lose the last digits of a long account ID.
 */
class WrittenNumber {
  readonly digits: string

  constructor(digits: string) {
    this.digits = digits
  }
}

/**
 * Filter `get`: takes one value out of a JSON text by its path. Text comes without quotes, other values as
 * JSON.
 */
export const get = defineFilter({
  name: 'get',
  summary: 'one value out of a JSON secret by its path: `get "db.hosts.0"`; a dot in a name is written `\\.`',
  parameters: ['text'],
  apply(value, [path = '']) {
    if (countJsonMarks(value, MOST_VALUES) > MOST_VALUES)
      throw filterFailed(`the JSON has more than ${MOST_VALUES} values`)
    let found = parseJson(decodeValue(value))
    for (const name of namesOf(path)) found = stepInto(found, name, path)
    if (found === null) throw filterFailed(`there is only null at ${JSON.stringify(path)} in the JSON`)
    return bytesOf(typeof found === 'string' ? found : formatJson(found))
  },
})

/** Splits a path at its dots: `a.b\.c` → `a`, `b.c`. */
function namesOf(path: string): string[] {
  return [...path.matchAll(/(?:^|\.)((?:\\\.|[^.])*)/g)].map((match) =>
    (match[1] ?? '').replaceAll('\\.', '.'),
  )
}

function stepInto(parent: unknown, name: string, path: string): unknown {
  const isIndex = !Array.isArray(parent) || /^(0|[1-9][0-9]*)$/.test(name)
  const isFolder = typeof parent === 'object' && parent !== null && !(parent instanceof WrittenNumber)
  if (isFolder && isIndex && Object.hasOwn(parent, name)) return Reflect.get(parent, name)
  throw filterFailed(
    `there is nothing at ${JSON.stringify(path)} in the JSON`,
    'names are exact, case included',
  )
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''), keepDigits)
  } catch (thrown) {
    // The parser's own message is dropped, because it quotes the value.
    if (thrown instanceof RangeError) throw filterFailed('the JSON is nested too deep')
    throw filterFailed('the value is not JSON', 'leave the filter out for a value that is one text')
  }
}

function keepDigits(_key: string, value: unknown, context?: { source?: string }): unknown {
  return typeof value === 'number' && context?.source !== undefined
    ? new WrittenNumber(context.source)
    : value
}

function formatJson(value: unknown): string {
  if (value instanceof WrittenNumber) return value.digits
  if (Array.isArray(value)) return `[${value.map(formatJson).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  return `{${Object.entries(value)
    .map(([name, member]) => `${JSON.stringify(name)}:${formatJson(member)}`)
    .join(',')}}`
}

const [QUOTE, BACKSLASH] = [0x22, 0x5c]
/** `,`, `[` and `{`. A JSON text has about as many of them as values. */
const MARKS: ReadonlySet<number | undefined> = new Set([0x2c, 0x5b, 0x7b])

/** Counts marks outside of strings, and stops when there are more than `most`. */
function countJsonMarks(text: Uint8Array, most: number): number {
  let marks = 0
  for (let at = 0; at < text.length && marks <= most; at += 1) {
    if (MARKS.has(text[at])) marks += 1
    if (text[at] !== QUOTE) continue
    at += 1
    while (at < text.length && text[at] !== QUOTE) at += text[at] === BACKSLASH ? 2 : 1
  }
  return marks
}
