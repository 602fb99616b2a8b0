import { addFacts, isLocketError, LocketError } from '../vocabulary/errors.ts'
import type { TextPosition } from './position.ts'

/** Largest number of errors, and of warnings, that are listed. */
const MOST_LISTED = 20

/** The result of an attempt that failed. */
export const FAILED = Symbol('failed')

/**
 * Collects the errors and warnings of one template. Twenty of each kind are listed, and the rest is counted.
 */
export interface Diagnostics {
  /**
   * Returns the result of `parse`. Adds a LocketError and returns `FAILED`; any other error is a bug and is
   * thrown.
   */
  attempt<T>(position: TextPosition, parse: () => T): T | typeof FAILED
  /** Adds an error. Its facts get the origin and the position. */
  error(position: TextPosition, error: LocketError): void
  /** Adds a warning. The position is put before the message. */
  warn(position: TextPosition, message: string): void
  errors(): readonly LocketError[]
  warnings(): readonly string[]
}

/** Returns empty diagnostics. `origin` names the template in messages. */
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
