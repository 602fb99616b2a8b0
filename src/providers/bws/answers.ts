import * as z from 'zod'
import { LocketError } from '../../core/vocabulary/errors.ts'
import type { BwsField } from './refs.ts'
import { providerError } from '../lib/provider-error.ts'

const Login = z.object({
  access_token: z.string().regex(/^[\x21-\x7e]+$/),
  expires_in: z.number().positive(),
  encrypted_payload: z.string(),
})
/** The answer of a login in its documented format. */
type BwsLogin = z.output<typeof Login>

/** The claims of the JWT that a login gives. Only the server checks its signature. */
const Claims = z.object({
  exp: z.number(),
  sub: z.string(),
  organization: z.guid(),
  scope: z.array(z.string()),
})

const Payload = z.object({ encryptionKey: z.base64() })

const Text = z
  .string()
  .nullish()
  .transform((text) => text ?? '')
/**
 * The encrypted secrets of an answer. A field is parsed only when it is wanted, so a malformed field of one
 * secret does not spoil the others.
 */
const Secrets = z.object({
  data: z.array(z.object({ id: z.string(), key: z.unknown(), value: z.unknown(), note: z.unknown() })),
})
/** One secret of an answer, with its fields still encrypted. */
export type EncryptedSecret = z.output<typeof Secrets>['data'][number]

/**
 * Returns the answer of a login after checking its format and the claims of its token. Throws
 * `provider_protocol`; the issues of zod are not kept, because they can quote the answer.
 */
export function readLogin(answer: unknown, who: string): BwsLogin {
  const login = Login.safeParse(answer)
  if (!login.success) throw unreadable(who, 'login')
  const parts = login.data.access_token.split('.')
  if (parts.length !== 3 || !Claims.safeParse(fromJson(Buffer.from(parts[1] ?? '', 'base64url'))).success)
    throw unreadable(who, 'access token')
  return login.data
}

/**
 * Returns the organisation's key of 64 bytes out of the decrypted payload of a login. The caller must wipe
 * both. Throws `provider_protocol`.
 */
export function readPayload(plain: Uint8Array, who: string): Uint8Array {
  const payload = Payload.safeParse(fromJson(plain))
  const key = payload.success ? new Uint8Array(Buffer.from(payload.data.encryptionKey, 'base64')) : undefined
  if (key?.length !== 64) throw unreadable(who, 'key of the organisation')
  return key
}

/** Returns the secrets of an answer. Throws `provider_protocol` if it has another format. */
export function readSecrets(answer: unknown, who: string): readonly EncryptedSecret[] {
  const secrets = Secrets.safeParse(answer)
  if (!secrets.success) throw unreadable(who, 'list of secrets')
  return secrets.data.data
}

/**
 * Returns one encrypted field of a secret, or an empty text if the secret does not have it. Throws
 * `provider_protocol`.
 */
export function readField(secret: EncryptedSecret, field: BwsField, who: string): string {
  const text = Text.safeParse(secret[field])
  if (!text.success) throw unreadable(who, field)
  return text.data
}

/** Returns the `auth` error for an access token that the server refuses. */
export function notAccepted(who: string): LocketError {
  return providerError('auth', `${who} does not accept the access token`, {
    hint: 'is it whole, not revoked, and of the region that bws-identity-url is in?',
  })
}

/**
 * Returns the `auth` error for a token that the server accepts, but whose key does not decrypt the answer.
 */
export function damagedToken(who: string): LocketError {
  return providerError(
    'auth',
    `${who} accepts the access token, but the key after its : does not decrypt the answer`,
    {
      hint: 'copy the access token again',
    },
  )
}

/**
 * Returns the `not_found` error. Bitwarden answers 404 both for a missing secret and for one that may not be
 * read, and for a whole request if that is true of one of its ids (bitwarden/server, SecretsController.cs).
 */
export function noBwsSecret(who: string): LocketError {
  return providerError('not_found', `${who} has no such secret, or this machine account may not read it`, {
    hint: 'is the machine account, or its project, given access to the secret?',
  })
}

/**
 * Returns the `unavailable` error for a 404 that is not from Bitwarden. A reverse proxy answers 404 until the
 * server behind it has started.
 */
export function noServer(who: string, setting: string): LocketError {
  return providerError('unavailable', `${who} is not a Bitwarden server (status 404)`, {
    facts: { status: 404 },
    hint: `is ${setting} right, and the server running?`,
  })
}

/**
 * Returns the `provider_protocol` error for a part of an answer that has another format. `what` names the
 * part.
 */
export function unreadable(who: string, what: string): LocketError {
  return providerError('provider_protocol', `${who} sent a ${what} that is not what Bitwarden sends`)
}

function fromJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    // The parser's error is not kept, because its text quotes the input.
    return undefined
  }
}
