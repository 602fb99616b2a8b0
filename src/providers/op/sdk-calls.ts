import * as z from 'zod'
import { ERROR_KINDS, LocketError } from '../../core/vocabulary/errors.ts'
import type { ErrorCode } from '../../core/vocabulary/errors.ts'

// The messages between locket and the process of 1Password's SDK.

/**
 * The argument of both methods. `login` makes a new session for the token. `resolve` uses the session of the
 * token, and makes one if there is none.
 */
export const Asked = z.object({
  /** The name of the instance, for messages: `op`. */
  who: z.string(),
  token: z.string(),
  /** The references of `resolve`, without duplicates. */
  references: z.array(z.string()),
})
/** The argument of both methods as a type. */
export type Asked = z.output<typeof Asked>

/** A LocketError as plain data. */
const Failure = z.object({
  code: z.custom<ErrorCode>((code) => typeof code === 'string' && Object.hasOwn(ERROR_KINDS, code)),
  reason: z.string(),
  /** Whether the reason already names the provider. */
  namesProvider: z.boolean(),
  hint: z.string().optional(),
  retryAfterMs: z.number().optional(),
  status: z.number().optional(),
})
/** A LocketError as plain data, which can cross the fence. */
type SdkFailure = z.output<typeof Failure>

const Response = z.object({
  value: z.instanceof(Uint8Array).optional(),
  /** `itemNotFound`: the SDK's name for what is wrong with this reference. */
  error: z.string().optional(),
})
/** The answer for one reference. */
export type Response = z.output<typeof Response>

/** The answer of both methods. */
export const Answered = z.object({
  /** The number of HTTP requests since the previous answer. */
  requests: z.number(),
  /** The whole call failed. */
  failure: Failure.optional(),
  /** The answers by reference. */
  responses: z.map(z.string(), Response),
  /**
   * An HTTP request that failed during the call. The SDK reports `other` for the references that needed it.
   */
  trouble: Failure.optional(),
})
/** The answer of both methods as a type. */
export type Answered = z.output<typeof Answered>

/** Returns an error as plain data. */
export function sdkFailureOf({ code, reason, names, hint, retryAfterMs, facts }: LocketError): SdkFailure {
  const { status } = facts
  return { code, reason, namesProvider: names.includes('provider'), hint, retryAfterMs, status }
}

/** Returns the error that `sdkFailureOf` has turned into plain data. */
export function errorOf({
  code,
  reason,
  namesProvider,
  hint,
  retryAfterMs,
  status,
}: SdkFailure): LocketError {
  const names = namesProvider ? (['provider'] as const) : []
  return new LocketError(code, reason, { hint, retryAfterMs, facts: { status }, names })
}
