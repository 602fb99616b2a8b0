import { isLocketError, LocketError } from '../vocabulary/errors.ts'
import type { TextPosition } from './place.ts'

const MOST_LISTED = 20

export const FAILED = Symbol('failed')

/** What is found wrong in one template; after the first twenty of a kind the rest is only counted. */
export interface Notes {
  /** The result of `parse`, or `FAILED` and an error noted. What is no LocketError is a bug and thrown on. */
  attempt<T>(place: TextPosition, parse: () => T): T | typeof FAILED
  error(place: TextPosition, error: LocketError): void
  warn(place: TextPosition, message: string): void
  errors(): readonly LocketError[]
  warnings(): readonly string[]
}

export function createNotes(origin: string): Notes {
  const errors: LocketError[] = []
  const warnings: string[] = []
  let moreErrors = 0
  let moreWarnings = 0

  function error(place: TextPosition, { code, message, hint, cause }: LocketError): void {
    if (errors.length === MOST_LISTED) moreErrors += 1
    else errors.push(new LocketError(code, `${origin}: ${formatPlace(place)}: ${message}`, { cause, hint }))
  }

  return {
    error,
    attempt(place, parse) {
      try {
        return parse()
      } catch (thrown) {
        if (!isLocketError(thrown)) throw thrown
        error(place, thrown)
        return FAILED
      }
    },
    warn(place, message) {
      if (warnings.length === MOST_LISTED) moreWarnings += 1
      else warnings.push(`${formatPlace(place)}: ${message}`)
    },
    errors() {
      const code = errors[0]?.code ?? 'internal'
      return moreErrors === 0
        ? errors
        : [...errors, new LocketError(code, `and ${moreErrors} more in ${origin}`)]
    },
    warnings: () => (moreWarnings === 0 ? warnings : [...warnings, `and ${moreWarnings} more`]),
  }
}

export function formatPlace({ line, column }: TextPosition): string {
  return `line ${line}, column ${column}`
}
