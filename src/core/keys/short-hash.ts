import { createHash } from 'node:crypto'

/** Returns twelve characters that are equal for equal content, in whatever order the keys of objects are. */
export function shortHash(content: unknown): string {
  return createHash('sha256').update(JSON.stringify(content, sorted)).digest('hex').slice(0, 12)
}

function sorted(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
