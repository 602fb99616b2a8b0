import * as z from 'zod'
import { Secret } from '../../../core/vocabulary/secret.ts'
import { credentialText } from '../login/credential.ts'
import type { AwsKeys } from './sign.ts'

const Printable = z.string().regex(/^[!-~]{1,8192}$/)

/** Keys as a source gives them. They are strings that cannot be wiped: they must not be kept. */
export const FoundKeys = z.object({
  accessKeyId: Printable,
  secretAccessKey: Printable,
  sessionToken: Printable.optional(),
  /** The region that the source names beside the keys. */
  region: z.string().optional(),
})
/** Keys as a source gives them. */
export type FoundKeys = z.output<typeof FoundKeys> & {
  /** Milliseconds since the epoch; left out: the keys do not expire. */
  readonly expiresAt?: number | undefined
}

/**
 * The keys in the form in which container endpoints, instance metadata and programs give them
 * (https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html). The token is `Token`
 * or `SessionToken`.
 */
export const PlatformKeys = z
  .object({
    AccessKeyId: Printable,
    SecretAccessKey: Printable,
    Token: Printable.nullish(),
    SessionToken: Printable.nullish(),
    Expiration: z.string().nullish(),
  })
  .transform(({ AccessKeyId, SecretAccessKey, Token, SessionToken, Expiration }): FoundKeys => {
    const expiresAt = Date.parse(Expiration ?? '')
    return {
      accessKeyId: AccessKeyId,
      secretAccessKey: SecretAccessKey,
      sessionToken: Token ?? SessionToken ?? undefined,
      ...(Number.isNaN(expiresAt) ? {} : { expiresAt }),
    }
  })

/** Packs keys into the one secret that an ambient credential is. */
export function packKeys({ accessKeyId, secretAccessKey, sessionToken, region }: FoundKeys): Secret {
  return Secret.fromText(JSON.stringify({ accessKeyId, secretAccessKey, sessionToken, region }))
}

/**
 * Returns the keys of `packKeys`, and the region that came with them. The caller must wipe the secret key.
 */
export function unpackKeys(packed: Secret): AwsKeys & { readonly region: string | undefined } {
  const { secretAccessKey, ...others } = FoundKeys.parse(JSON.parse(credentialText(packed)))
  return { region: undefined, ...others, secretAccessKey: Secret.fromText(secretAccessKey) }
}
