import { addFacts, isLocketError, LocketError } from '../vocabulary/errors.ts'
import type { TextPosition } from './position.ts'

const MOST_LISTED = 20

export const FAILED = Symbol('failed')

/** Collects the errors and warnings of one template: twenty of each kind; the rest is only counted. */
export interface Diagnostics {
  /** Returns the result of `parse`. Notes a LocketError and returns `FAILED`; throws any other error, which is a bug. */
  attempt<T>(position: TextPosition, parse: () => T): T | typeof FAILED
  error(position: TextPosition, error: LocketError): void
  warn(position: TextPosition, message: string): void
  errors(): readonly LocketError[]
  warnings(): readonly string[]
}

export function createDiagnostics(origin: string): Diagnostics {
  const errors: LocketError[] = []
  const warnings: string[] = []
  const inOrigin = { facts: { origin }, names: ['origin'] } as const
  let moreErrors = 0
  let moreWarnings = 0

  function error({ line, column }: TextPosition, found: LocketError): void {
    if (errors.length === MOST_LISTED) moreErrors += 1
    else errors.push(addFacts(found, { origin, line, column }))
  }

  return {
    error,
    attempt(position, parse) {
      try {
        return parse()
      } catch (thrown) {
        if (!isLocketError(thrown)) throw thrown
        error(position, thrown)
        return FAILED
      }
    },
    warn(position, message) {
      if (warnings.length === MOST_LISTED) moreWarnings += 1
      else warnings.push(`${formatPosition(position)}: ${message}`)
    },
    errors() {
      const code = errors[0]?.code ?? 'internal'
      return moreErrors === 0
        ? errors
        : [...errors, new LocketError(code, `and ${moreErrors} more in ${origin}`, inOrigin)]
    },
    warnings: () => (moreWarnings === 0 ? warnings : [...warnings, `and ${moreWarnings} more`]),
  }
}

function formatPosition({ line, column }: TextPosition): string {
  return `line ${line}, column ${column}`
}
