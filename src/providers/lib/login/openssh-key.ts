import { createHash, createPrivateKey } from 'node:crypto'
import type { KeyObject, webcrypto } from 'node:crypto'

const OPENSSH = '-----BEGIN OPENSSH PRIVATE KEY-----'
/** The block size in bytes that unencrypted keys are padded to. */
const BLOCK = 8

/**
 * Returns a PEM private key (PKCS#8 or PKCS#1, not encrypted; Ed25519 or RSA) in the format of `ssh-keygen`.
 * The same key always gives the same text, so a refresh sees no change. Undefined: the text is not such a
 * key. The format is described in PROTOCOL.key of OpenSSH.
 */
export function toOpensshKey(pem: string): string | undefined {
  if (pem.trimStart().startsWith(OPENSSH)) return pem
  const key = readKey(pem)
  const parts = key === undefined ? undefined : partsOf(key)
  if (parts === undefined) return undefined
  // OpenSSH uses these 4 bytes to recognise a wrong passphrase. It makes them at random; here they are
  // derived from the key, so that the text is stable.
  const check = createHash('sha256').update(Buffer.concat(parts.secret)).digest().subarray(0, 4)
  const clear = Buffer.concat([check, check, text(parts.type), ...parts.secret, text('')])
  const padding = Buffer.from(
    Array.from({ length: (BLOCK - (clear.length % BLOCK)) % BLOCK }, (_, index) => index + 1),
  )
  const shown = Buffer.concat([text(parts.type), ...parts.open])
  const body = Buffer.concat([
    Buffer.from('openssh-key-v1\0'),
    text('none'),
    text('none'),
    text(''),
    uint32(1),
    string(shown),
    string(Buffer.concat([clear, padding])),
  ])
  const lines = body.toString('base64').match(/.{1,70}/g) ?? []
  for (const buffer of [...parts.secret, clear, body]) buffer.fill(0)
  return [OPENSSH, ...lines, '-----END OPENSSH PRIVATE KEY-----', ''].join('\n')
}

interface KeyParts {
  readonly type: string
  /** The numbers that follow the type in the public half. */
  readonly open: readonly Buffer[]
  /** The numbers that follow the type in the private half. */
  readonly secret: readonly Buffer[]
}

function readKey(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem)
  } catch {
    return undefined
  }
}

function partsOf(key: KeyObject): KeyParts | undefined {
  const jwk = key.export({ format: 'jwk' })
  if (jwk.kty === 'OKP' && jwk.crv === 'Ed25519') {
    const open = string(bytes(jwk, 'x'))
    return {
      type: 'ssh-ed25519',
      open: [open],
      secret: [open, string(Buffer.concat([bytes(jwk, 'd'), bytes(jwk, 'x')]))],
    }
  }
  if (jwk.kty !== 'RSA') return undefined
  const [n, e, d, qi, p, q] = [
    number(jwk, 'n'),
    number(jwk, 'e'),
    number(jwk, 'd'),
    number(jwk, 'qi'),
    number(jwk, 'p'),
    number(jwk, 'q'),
  ]
  return { type: 'ssh-rsa', open: [e, n], secret: [n, e, d, qi, p, q] }
}

function bytes(jwk: webcrypto.JsonWebKey, name: 'x' | 'd' | 'n' | 'e' | 'qi' | 'p' | 'q'): Buffer {
  return Buffer.from(jwk[name] ?? '', 'base64url')
}

/**
 * Returns a positive mpint. A zero byte is put before a first byte of 0x80 or more, which would be read as a
 * sign.
 */
function number(jwk: webcrypto.JsonWebKey, name: 'n' | 'e' | 'd' | 'qi' | 'p' | 'q'): Buffer {
  const value = bytes(jwk, name)
  return string((value[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), value]) : value)
}

function uint32(value: number): Buffer {
  const buffer = Buffer.alloc(4)
  buffer.writeUInt32BE(value)
  return buffer
}

function string(content: Buffer): Buffer {
  return Buffer.concat([uint32(content.length), content])
}

function text(content: string): Buffer {
  return string(Buffer.from(content))
}
