import { formatError, partsOf, type LocketError } from '../../core/vocabulary/errors.ts'

/**
 * Returns the text that a command writes to standard error: one line for one error. Several errors have a
 * line each, below a line that counts them.
 */
export function errorLines(error: LocketError): string {
  const parts = partsOf(error)
  // `locket check has no flag …` names the program already.
  if (parts.length < 2) return `locket: ${formatError(error).replace(/^locket /, '')}\n`
  const what = error.list.length > 0 ? 'settings are wrong' : 'errors'
  const hint = error.hint === undefined ? '' : ` (${error.hint})`
  const lines = parts.map((part) => `  ${formatError(part)}`)
  return [`locket: ${parts.length} ${what}${hint}:`, ...lines].map((line) => `${line}\n`).join('')
}
