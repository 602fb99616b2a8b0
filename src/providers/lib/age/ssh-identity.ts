import { createHash, createPrivateKey, hkdfSync, privateDecrypt } from 'node:crypto'
import {
  agreeOn,
  isSealedKey,
  openFileKey,
  privateKey,
  SHARE_BYTES,
  shareOf,
  type Stanza,
} from './agreement.ts'
import type { SshKey } from './ssh-key.ts'

/** RSA_PKCS1_OAEP_PADDING of OpenSSL. The bundle loads only functions of `node:crypto` at their first use. */
const OAEP_PADDING = 4

/**
 * Returns an identity for the recipients `ssh-ed25519` and `ssh-rsa`, as the program age writes them
 * (https://github.com/FiloSottile/age/blob/main/agessh/agessh.go). The age package knows neither.
 */
export function sshIdentity(key: SshKey): { unwrapFileKey(stanzas: readonly Stanza[]): Uint8Array | null } {
  const label = `age-encryption.org/v1/${key.type}`
  const print = createHash('sha256').update(key.wire).digest().subarray(0, 4)
  const fingerprint = print.toString('base64').replace(/=+$/, '')
  return {
    unwrapFileKey(stanzas) {
      const own = stanzas.find(({ args }) => args[0] === key.type && args[1] === fingerprint)
      if (own === undefined) return null
      return key.type === 'ssh-ed25519' ? openEd25519(key, own, label) : openRsa(key, own, label)
    },
  }
}

function openEd25519(
  { seed, wire }: Extract<SshKey, { type: 'ssh-ed25519' }>,
  { args, body }: Stanza,
  label: string,
): Uint8Array {
  const share = Buffer.from(args[2] ?? '', 'base64')
  if (share.length !== SHARE_BYTES || !isSealedKey(body)) throw new Error('a malformed stanza')
  // RFC 8032 and RFC 7748 use the same clamped half of this hash.
  const own = privateKey(createHash('sha512').update(seed).digest().subarray(0, 32))
  const ownShare = shareOf(own)
  const tweak = Buffer.from(hkdfSync('sha256', Buffer.alloc(0), wire, label, 32))
  const once = agreeOn(own, share)
  const shared = agreeOn(privateKey(tweak), once)
  try {
    return openFileKey(body, { shared, salt: Buffer.concat([share, ownShare]), label })
  } finally {
    for (const secret of [once, shared]) secret.fill(0)
  }
}

function openRsa(
  { numbers }: Extract<SshKey, { type: 'ssh-rsa' }>,
  { body }: Stanza,
  label: string,
): Uint8Array {
  const { n, e, d, p, q, qi } = numbers
  const text = (number: Buffer): string => number.toString('base64url')
  const part = (prime: Buffer): string => text(bytesOf(valueOf(d) % (valueOf(prime) - 1n)))
  const key = createPrivateKey({
    format: 'jwk',
    key: {
      kty: 'RSA',
      n: text(n),
      e: text(e),
      d: text(d),
      p: text(p),
      q: text(q),
      dp: part(p),
      dq: part(q),
      qi: text(qi),
    },
  })
  const options = {
    key,
    padding: OAEP_PADDING,
    oaepHash: 'sha256',
    oaepLabel: Buffer.from(label),
  }
  return new Uint8Array(privateDecrypt(options, body))
}

function valueOf(number: Buffer): bigint {
  return BigInt(`0x${number.toString('hex')}`)
}

function bytesOf(value: bigint): Buffer {
  const hex = value.toString(16)
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex')
}
