/** The result of a search by name. */
export type Match<T> =
  | { readonly kind: 'one'; readonly entry: T }
  | { readonly kind: 'none' }
  | { readonly kind: 'several'; readonly entries: readonly T[] }

/**
 * Finds an entry by id, else by exact name, else by name in any case. The first of these rules that matches
 * any entry decides.
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

/** Tells whether two names are equal, or differ only in case. */
export function sameName(left: string, right: string): boolean {
  return fold(left) === fold(right)
}

function fold(name: string): string {
  return name.normalize().toLowerCase()
}
