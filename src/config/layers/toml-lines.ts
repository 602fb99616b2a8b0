import { parse } from 'smol-toml'

/** The depth of the keys in `[providers.NAME]`. */
const DEEPEST = 3

/**
 * Returns the line, counted from 1, that sets a key or opens a table. Returns 1 for a key that is not there.
 */
type LineOf = (...keys: readonly string[]) => number

/**
 * Returns a function that finds the line of a key. The TOML parser keeps no positions, so the function parses
 * longer and longer beginnings of the file until the key appears. That is exact for every way of writing
 * TOML, but slow. It runs when a message first needs a line.
 */
export function tomlLines(text: string): LineOf {
  let lines: ReadonlyMap<string, number> | undefined
  return (...keys) => {
    lines ??= findLines(text)
    return lines.get(keys.join('\0')) ?? 1
  }
}

function findLines(text: string): ReadonlyMap<string, number> {
  const found = new Map<string, number>()
  const lines = text.split('\n')
  let start = 1
  for (let end = 1; end <= lines.length; end += 1) {
    const document = parsed(lines.slice(0, end).join('\n'))
    if (document === undefined) continue
    for (const path of keysOf(document, DEEPEST)) if (!found.has(path)) found.set(path, start)
    start = end + 1
  }
  return found
}

/** Returns undefined when the text ends in the middle of a value. */
function parsed(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return parse(text)
  } catch {
    return undefined
  }
}

function keysOf(table: object, depth: number): string[] {
  return Object.entries(table).flatMap(([key, value]: [string, unknown]) => {
    const below = depth > 1 && typeof value === 'object' && value !== null ? keysOf(value, depth - 1) : []
    return [key, ...below.map((path) => `${key}\0${path}`)]
  })
}
