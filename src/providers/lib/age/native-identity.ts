import {
  agreeOn,
  isSealedKey,
  openFileKey,
  privateKey,
  SHARE_BYTES,
  shareOf,
  type Stanza,
} from './agreement.ts'

const LABEL = 'age-encryption.org/v1/X25519'
const PREFIX = 'age-secret-key-'
const CHARSET = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'
const CHECKSUM_WORDS = 6
const GENERATORS = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3]

/**
 * Returns the identity of `AGE-SECRET-KEY-1…`, which opens the recipients `X25519` of a header. Throws when
 * it is misspelt. See https://c2sp.org/age.
 */
export function nativeIdentity(text: string): {
  unwrapFileKey(stanzas: readonly Stanza[]): Uint8Array | null
} {
  const scalar = scalarOf(text)
  const own = privateKey(scalar)
  scalar.fill(0)
  const ownShare = shareOf(own)
  return {
    unwrapFileKey(stanzas) {
      for (const { args, body } of stanzas) {
        if (args[0] !== 'X25519') continue
        const share = decodeShare(args)
        if (share === undefined || !isSealedKey(body)) throw new Error('a malformed stanza')
        const shared = agreeOn(own, share)
        try {
          return openFileKey(body, { shared, salt: Buffer.concat([share, ownShare]), label: LABEL })
        } catch {
          // It is for another recipient.
        } finally {
          shared.fill(0)
        }
      }
      return null
    },
  }
}

function decodeShare([, text, ...others]: readonly string[]): Buffer | undefined {
  const share = Buffer.from(text ?? '', 'base64')
  const isExact = share.toString('base64').replace(/=+$/, '') === text
  return isExact && others.length === 0 && share.length === SHARE_BYTES ? share : undefined
}

/** Decodes Bech32 (BIP 173). The caller must wipe the bytes. */
function scalarOf(text: string): Buffer {
  const words = Array.from(text.slice(PREFIX.length + 1).toLowerCase(), (letter) => CHARSET.indexOf(letter))
  const isWritten = text.startsWith(`${PREFIX.toUpperCase()}1`) && text === text.toUpperCase()
  if (!isWritten || words.includes(-1) || checksumOf(words) !== 1) throw new Error('a misspelt identity')
  const scalar = Buffer.alloc(SHARE_BYTES)
  let [bits, held, length] = [0, 0, 0]
  for (const word of words.slice(0, -CHECKSUM_WORDS)) {
    held = ((held << 5) | word) & 0xfff
    bits += 5
    if (bits < 8) continue
    bits -= 8
    if (length < SHARE_BYTES) scalar[length] = (held >> bits) & 0xff
    length += 1
  }
  words.fill(0)
  if (length === SHARE_BYTES && bits < 5 && (held & ((1 << bits) - 1)) === 0) return scalar
  scalar.fill(0)
  throw new Error('a misspelt identity')
}

function checksumOf(words: readonly number[]): number {
  const codes = Buffer.from(PREFIX)
  let sum = 1
  for (const word of [...codes.map((code) => code >> 5), 0, ...codes.map((code) => code & 31), ...words]) {
    const top = sum >>> 25
    sum = ((sum & 0x1ffffff) << 5) ^ word
    for (const [bit, generator] of GENERATORS.entries()) if (((top >> bit) & 1) === 1) sum ^= generator
  }
  return sum >>> 0
}
