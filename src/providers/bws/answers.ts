import * as z from 'zod'
import { LocketError } from '../../core/vocabulary/errors.ts'
import type { BwsField } from './refs.ts'
import { providerError } from '../lib/provider-error.ts'

const Login = z.object({
  access_token: z.string().regex(/^[\x21-\x7e]+$/),
  expires_in: z.number().positive(),
  encrypted_payload: z.string(),
})
export type BwsLogin = z.output<typeof Login>

/** Of the token that a login gives; nobody but its server checks the signature. */
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
/** What is in the fields of a secret is looked at when it is wanted: one that is odd spoils no other. */
const Secrets = z.object({
  data: z.array(z.object({ id: z.string(), key: z.unknown(), value: z.unknown(), note: z.unknown() })),
})
export type EncryptedSecret = z.output<typeof Secrets>['data'][number]

/** A login's answer, whose token has the claims that it should. zod's issues can quote what they saw, so they are not kept. */
export function readLogin(answer: unknown, who: string): BwsLogin {
  const login = Login.safeParse(answer)
  if (!login.success) throw unreadable(who, 'login')
  const parts = login.data.access_token.split('.')
  if (parts.length !== 3 || !Claims.safeParse(fromJson(Buffer.from(parts[1] ?? '', 'base64url'))).success)
    throw unreadable(who, 'access token')
  return login.data
}

/** The key of the organisation, out of what a login's payload decrypts to; both are wiped by whoever has them. */
export function readPayload(plain: Uint8Array, who: string): Uint8Array {
  const payload = Payload.safeParse(fromJson(plain))
  const key = payload.success ? new Uint8Array(Buffer.from(payload.data.encryptionKey, 'base64')) : undefined
  if (key?.length !== 64) throw unreadable(who, 'key of the organisation')
  return key
}

export function readSecrets(answer: unknown, who: string): readonly EncryptedSecret[] {
  const secrets = Secrets.safeParse(answer)
  if (!secrets.success) throw unreadable(who, 'list of secrets')
  return secrets.data.data
}

/** Encrypted; empty for what is not there. */
export function readField(secret: EncryptedSecret, field: BwsField, who: string): string {
  const text = Text.safeParse(secret[field])
  if (!text.success) throw unreadable(who, field)
  return text.data
}

/** The credential is refused. */
export function notAccepted(who: string): LocketError {
  return providerError('auth', `${who} does not accept the access token`, {
    hint: 'is it whole, not revoked, and of the region that bws-identity-url is in?',
  })
}

/** The server takes the token for good, and yet it does not open what it was sent. */
export function damagedToken(who: string): LocketError {
  return providerError('auth', `${who} accepts the access token, but the key after its : opens nothing`, {
    hint: 'copy the access token again',
  })
}

/** One secret, or one of several. */
export function noBwsSecret(who: string): LocketError {
  return providerError('not_found', `${who} has no such secret, or this machine account may not read it`, {
    hint: 'is the machine account, or its project, given access to the secret?',
  })
}

/** Reverse proxies say 404 until what is behind them has started. */
export function noServer(who: string, setting: string): LocketError {
  return providerError('unavailable', `${who} is no Bitwarden server (status 404)`, {
    hint: `is ${setting} right, and the server running?`,
  })
}

export function unreadable(who: string, what: string): LocketError {
  return providerError('provider_protocol', `${who} sent a ${what} that is not what Bitwarden sends`)
}

function fromJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    // Its text would quote what it saw.
    return undefined
  }
}
