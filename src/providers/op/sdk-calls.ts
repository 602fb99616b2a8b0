import * as z from 'zod'
import { ERROR_KINDS, LocketError } from '../../core/vocabulary/errors.ts'
import type { ErrorCode } from '../../core/vocabulary/errors.ts'

// What the process with 1Password's SDK is asked, and what it answers.

/** `login` makes a new session of the token. `resolve` uses the one that there is, and makes it first where there is none. */
export const Asked = z.object({
  /** In messages: the instance, `op`. */
  who: z.string(),
  token: z.string(),
  /** Of `resolve`; each once. */
  references: z.array(z.string()),
})
export type Asked = z.output<typeof Asked>

/** A LocketError as plain data. */
const Failure = z.object({
  code: z.custom<ErrorCode>((code) => typeof code === 'string' && Object.hasOwn(ERROR_KINDS, code)),
  reason: z.string(),
  /** The reason names the provider. */
  namesProvider: z.boolean(),
  hint: z.string().optional(),
  retryAfterMs: z.number().optional(),
})
export type SdkFailure = z.output<typeof Failure>

const Response = z.object({
  value: z.instanceof(Uint8Array).optional(),
  /** `itemNotFound`: the SDK's name for what is wrong with this reference. */
  error: z.string().optional(),
})
export type Response = z.output<typeof Response>

export const Answered = z.object({
  /** HTTP requests since the answer before. */
  requests: z.number(),
  /** The whole call failed. */
  failure: Failure.optional(),
  /** By reference. */
  responses: z.map(z.string(), Response),
  /** An HTTP request that failed in the call: the SDK says `other` of the references that needed it. */
  trouble: Failure.optional(),
})
export type Answered = z.output<typeof Answered>

export function sdkFailureOf({ code, reason, names, hint, retryAfterMs }: LocketError): SdkFailure {
  return { code, reason, namesProvider: names.includes('provider'), hint, retryAfterMs }
}

export function errorOf({ code, reason, namesProvider, hint, retryAfterMs }: SdkFailure): LocketError {
  return new LocketError(code, reason, { hint, retryAfterMs, names: namesProvider ? ['provider'] : [] })
}
