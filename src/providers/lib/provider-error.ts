import { LocketError, type ErrorCode, type ErrorDetails } from '../../core/vocabulary/errors.ts'

/**
 * Returns a LocketError whose reason already names its provider: `op-connect at http://host refused the
 * connection`. The line for users then does not add the name of the provider.
 */
export function providerError(code: ErrorCode, reason: string, details: ErrorDetails = {}): LocketError {
  return new LocketError(code, reason, { ...details, names: ['provider', ...(details.names ?? [])] })
}
