import { LocketError, type ErrorCode, type ErrorDetails } from '../../core/vocabulary/errors.ts'

/**
 * A LocketError whose reason names its provider in its own words: `op-connect at http://host refused the connection`. The line that
 * users read then does not name the provider once more.
 */
export function providerError(code: ErrorCode, reason: string, details: ErrorDetails = {}): LocketError {
  return new LocketError(code, reason, { ...details, names: ['provider', ...(details.names ?? [])] })
}
