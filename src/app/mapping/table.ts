import { formatError } from '../../core/vocabulary/errors.ts'
import { tableLines, type Paint } from '../../core/text/table.ts'
import type { VariableState } from './values.ts'

/** A column wider than this many characters pushes the rest of its row aside. */
const WIDEST = 60

/** Returns the lines of `locket mapping list`: each variable and its template. */
export function mappingTable(
  variables: readonly { readonly name: string; readonly template: string }[],
): string {
  return lines([
    ['NAME', 'TEMPLATE'],
    ...variables.map(({ name, template }) => [name, JSON.stringify(template)]),
  ])
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
  const heading = ['NAME', 'REFERENCE', 'STATE'].map((text) => ({ text }))
  return tableLines([heading, ...rows], { widest: WIDEST })
    .map((line) => `${line}\n`)
    .join('')
}

function lines(rows: readonly (readonly string[])[]): string {
  return tableLines(
    rows.map((row) => row.map((text) => ({ text }))),
    { widest: WIDEST },
  )
    .map((line) => `${line}\n`)
    .join('')
}
