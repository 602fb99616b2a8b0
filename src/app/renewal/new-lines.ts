/** Returns the lines that the call before did not have. A line that each try repeats is logged once. */
export type NewLines = (lines: readonly string[]) => readonly string[]

/** Makes a filter that has seen no lines yet. */
export function createNewLines(): NewLines {
  let before: ReadonlySet<string> = new Set()
  return (lines) => {
    const news = lines.filter((line) => !before.has(line))
    before = new Set(lines)
    return news
  }
}
