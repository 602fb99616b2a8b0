/** Colours a text for a terminal, or returns it as it is. */
export type Paint = (color: 'green' | 'red' | 'yellow', text: string) => string

export interface TableCell {
  /** On one line and without control characters. */
  readonly text: string
  /** Colours the text. It does not count for the width of the column. */
  readonly paint?: ((text: string) => string) | undefined
}

interface TableLayout {
  /**
   * A cell with more characters does not widen its column: it pushes the rest of its row aside. Default: no
   * limit.
   */
  readonly widest?: number
  /** Indexes of columns that are aligned to the right, like numbers. */
  readonly right?: readonly number[]
}

/**
 * Sets rows in columns with two spaces between them. Returns one line for each row, without spaces at its
 * end.
 */
export function tableLines(
  rows: readonly (readonly TableCell[])[],
  { widest = Number.POSITIVE_INFINITY, right = [] }: TableLayout = {},
): string[] {
  const columns = Math.max(0, ...rows.map((row) => row.length))
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(0, ...rows.map((row) => row[column]?.text.length ?? 0).filter((width) => width <= widest)),
  )
  return rows.map((row) =>
    row
      .map(({ text, paint = (plain) => plain }, column) => {
        const gap = ' '.repeat(Math.max(0, (widths[column] ?? 0) - text.length))
        return right.includes(column) ? gap + paint(text) : paint(text) + gap
      })
      .join('  ')
      .trimEnd(),
  )
}
