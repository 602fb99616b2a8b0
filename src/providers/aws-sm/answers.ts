import * as z from 'zod'
import type { LocketError } from '../../core/vocabulary/errors.ts'
import type { Refusal } from '../lib/http/http.ts'
import { nameOf, readFailure } from '../lib/aws/errors.ts'
import { providerError } from '../lib/provider-error.ts'
import { rowsOf } from '../lib/answers/rows.ts'

/** One value as the service gives it. */
export const SecretValue = z
  .object({
    ARN: z.string(),
    Name: z.string(),
    VersionId: z.string().nullish(),
    SecretString: z.string().nullish(),
    SecretBinary: z.base64().nullish(),
  })
  .transform(({ ARN, Name, VersionId, SecretString, SecretBinary }, context) => {
    const bytes =
      SecretString == null
        ? SecretBinary == null
          ? undefined
          : new Uint8Array(Buffer.from(SecretBinary, 'base64'))
        : new TextEncoder().encode(SecretString)
    if (bytes !== undefined) return { arn: ARN, name: Name, version: VersionId ?? undefined, bytes }
    context.addIssue({ code: 'custom', message: 'no value' })
    return z.NEVER
  })
/** One value; `bytes` must be wiped. */
export type SecretValue = z.output<typeof SecretValue>

/** The answer of BatchGetSecretValue. A secret that may not be read is among the errors. */
export const SecretBatch = z.object({
  SecretValues: rowsOf(z, SecretValue).catch([]),
  Errors: rowsOf(z, z.object({ SecretId: z.string(), ErrorCode: z.string() })).catch([]),
})

/**
 * Returns the error of a refused read; undefined: the status has its usual meaning. `what` names the secret.
 */
export function explainSecret(who: string, what: string, refusal: Refusal): LocketError | undefined {
  const { name, text } = readFailure(refusal)
  return secretError({ who, what, status: refusal.status }, name, text)
}

/** Returns the error that an answer names for one secret of a batch; undefined: ask for it alone. */
export function batchError(who: string, what: string, errorCode: string): LocketError | undefined {
  return secretError({ who, what, status: 200 }, nameOf(errorCode), '')
}

function secretError(
  { who, what, status }: { readonly who: string; readonly what: string; readonly status: number },
  name: string,
  text: string,
): LocketError | undefined {
  const named = `(${name}, status ${status})`
  if (name === 'ResourceNotFound')
    return providerError('not_found', `${who} has no ${what} ${named}`, {
      hint: 'is it of this region and account? A stage or version must exist too',
    })
  if (name === 'AccessDenied')
    return providerError('denied', `${who} does not let these credentials read ${what} ${named}`, {
      hint: /KMS/i.test(text)
        ? 'their policy needs kms:Decrypt on its key'
        : 'their policy needs secretsmanager:GetSecretValue on it, and kms:Decrypt if it has a key of its own',
    })
  if (name === 'DecryptionFailure')
    return providerError('denied', `${who} cannot decrypt ${what} ${named}`, {
      hint: 'its KMS key is disabled, deleted, or may not be used',
    })
  if (name === 'InvalidRequest')
    return providerError('not_found', `${who} does not give out ${what} ${named}`, {
      hint: 'it is scheduled for deletion, or it has no value yet',
    })
  if (name === 'InvalidParameter' || name === 'Validation')
    return providerError('not_found', `${who} does not take ${what} for a secret ${named}`)
  return undefined
}
