import { parse } from 'smol-toml'

/** `[providers.NAME]` and the keys in it. */
const DEEPEST = 3

/** Gives the line, from 1, that sets a key, or opens a table. */
export type LineOf = (...keys: readonly string[]) => number

/**
 * The parser keeps no positions, so it is asked how many lines a key needs to be there: exact for every way of writing TOML, and slow.
 * That is why it is done when a line is first asked for, which is in error messages.
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

/** Undefined in the middle of a value that takes several lines. */
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
