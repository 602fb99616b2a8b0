import { hkdfSync } from 'node:crypto'
import { LocketError } from '../../core/vocabulary/errors.ts'
import type { Secret } from '../../core/vocabulary/secret.ts'
import { credentialText } from '../lib/login/credential.ts'
import { providerError } from '../lib/provider-error.ts'

/**
 * The parts of a machine account's access token. The strings cannot be wiped: keep them no longer than a
 * login takes.
 */
export interface AccessToken {
  readonly text: string
  readonly clientId: string
  readonly clientSecret: string
  /**
   * The key that the answer of a login is encrypted with: 32 bytes for AES, 32 for the MAC. The caller must
   * wipe it.
   */
  readonly key: Uint8Array
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
/** A seed of 16 bytes in base64; the padding is optional. */
const SEED = /^[A-Za-z0-9+/]{22}(?:==)?$/
const HINT =
  'create one for the machine account, and copy it whole: it begins with 0. and has a : before its last part'

/**
 * Parses `0.CLIENT_ID.CLIENT_SECRET:SEED`. `named` is for messages: `bws: bws-token`. Throws `auth` for a
 * malformed token and quotes no part of it.
 */
export function parseAccessToken(credential: Secret, named: string): AccessToken {
  const text = credentialText(credential)
  const colon = text.indexOf(':')
  if (colon === -1) throw malformed(named, 'has no : and so no key')
  const [version, clientId, clientSecret, ...more] = text.slice(0, colon).split('.')
  if (version === undefined || clientId === undefined || clientSecret === undefined || more.length > 0)
    throw malformed(named, 'does not have three parts before its :')
  if (version !== '0') throw malformed(named, 'is of another version than 0')
  if (!UUID.test(clientId)) throw malformed(named, 'has no UUID for its second part')
  if (clientSecret === '') throw malformed(named, 'has an empty third part')
  const seed = text.slice(colon + 1)
  if (!SEED.test(seed)) throw malformed(named, 'has a key that is not 16 bytes in base64')
  return { text, clientId, clientSecret, key: stretched(Buffer.from(seed, 'base64')) }
}

function stretched(seed: Buffer): Uint8Array {
  try {
    return new Uint8Array(hkdfSync('sha256', seed, 'bitwarden-accesstoken', 'sm-access-token', 64))
  } finally {
    seed.fill(0)
  }
}

function malformed(named: string, problem: string): LocketError {
  return providerError('auth', `${named} is not an access token of a machine account: it ${problem}`, {
    hint: HINT,
  })
}
