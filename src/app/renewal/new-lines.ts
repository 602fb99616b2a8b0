/** Lets a line through unless the call before had it too: what a try repeats is not news. */
export type NewLines = (lines: readonly string[]) => readonly string[]

export function createNewLines(): NewLines {
  let before: ReadonlySet<string> = new Set()
  return (lines) => {
    const news = lines.filter((line) => !before.has(line))
    before = new Set(lines)
    return news
  }
}
