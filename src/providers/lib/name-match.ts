/** One entry fits, none does, or several do. */
export type Match<T> =
  | { readonly kind: 'one'; readonly entry: T }
  | { readonly kind: 'none' }
  | { readonly kind: 'several'; readonly entries: readonly T[] }

/**
 * Matches by id, else by exact name, else by name in another case. The first of these that fits any entry
 * decides.
 */
export function matchByName<T>(
  entries: readonly T[],
  wanted: string,
  read: { readonly id?: (entry: T) => string; readonly name: (entry: T) => string },
): Match<T> {
  const { id, name } = read
  const rules: ((entry: T) => boolean)[] = [
    (entry) => name(entry).normalize() === wanted.normalize(),
    (entry) => fold(name(entry)) === fold(wanted),
  ]
  if (id !== undefined) rules.unshift((entry) => id(entry) === wanted)
  for (const rule of rules) {
    const fitting = entries.filter(rule)
    const [entry, second] = fitting
    if (entry === undefined) continue
    return second === undefined ? { kind: 'one', entry } : { kind: 'several', entries: fitting }
  }
  return { kind: 'none' }
}

/** Whether two names differ in nothing but case. */
export function sameName(left: string, right: string): boolean {
  return fold(left) === fold(right)
}

function fold(name: string): string {
  return name.normalize().toLowerCase()
}
