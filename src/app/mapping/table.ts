import { formatError } from '../../core/vocabulary/errors.ts'
import { tableLines, type Paint, type TableCell } from '../../core/text/table.ts'
import type { VariableState } from './values.ts'

/** A column wider than this many characters pushes the rest of its row aside. */
const WIDEST = 60

/** Returns the lines of `locket mapping list`: each variable and its template. */
export function mappingTable(
  variables: readonly { readonly name: string; readonly template: string }[],
): string {
  const rows = variables.map(({ name, template }) => [{ text: name }, { text: JSON.stringify(template) }])
  return tableText(['NAME', 'TEMPLATE'], rows)
}

/** Returns the lines of `locket mapping status`: each variable, its references, whether it has a value. */
export function stateTable(states: readonly VariableState[], paint: Paint): string {
  const rows = states.map(({ name, references, errors }) => {
    const [error] = errors
    const state = error === undefined ? 'has a value' : formatError(error)
    const color = error === undefined ? 'green' : 'red'
    return [
      { text: name },
      { text: references.join(' ') },
      { text: state, paint: (text: string) => paint(color, text) },
    ]
  })
  return tableText(['NAME', 'REFERENCE', 'STATE'], rows)
}

function tableText(names: readonly string[], rows: readonly (readonly TableCell[])[]): string {
  const heading = names.map((text) => ({ text }))
  return tableLines([heading, ...rows], { widest: WIDEST })
    .map((line) => `${line}\n`)
    .join('')
}
