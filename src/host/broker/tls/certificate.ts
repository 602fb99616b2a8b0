import {
  createHash,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  sign,
  type KeyObject,
} from 'node:crypto'
import { isIP, SocketAddress } from 'node:net'
import {
  bits,
  explicit,
  implicit,
  integer,
  octets,
  oid,
  sequence,
  setOf,
  time,
  TRUE,
  utf8,
  type Der,
} from './der.ts'

const DAY_MS = 86_400_000
/** Ten years: every machine that was ever enrolled trusts this authority. */
const AUTHORITY_MS = 3650 * DAY_MS
const SERVER_MS = 90 * DAY_MS
/** A certificate counts from before now, because the clocks of machines differ. */
const BEFORE_MS = DAY_MS

/** The algorithm ecdsa-with-SHA256 (RFC 5758). */
const ECDSA = sequence(oid('1.2.840.10045.4.3.2'))
const OF_USAGE = { authority: bits(Uint8Array.of(0x06), 1), server: bits(Uint8Array.of(0x80), 7) } as const

/** A private key and the certificate of its public half, as PEM. */
export interface Certified {
  readonly key: KeyObject
  readonly certificate: string
}

/** Makes a key of P-256. */
export function createCertificateKey(): KeyObject {
  return generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey
}

/**
 * Returns the certificate, as PEM, of an authority that signs with this key. It may sign servers and nothing
 * below them. Its name has a part of the key's hash, so that two authorities are not mistaken for each other.
 */
export function certifyAuthority(key: KeyObject, now: number, lifetimeMs = AUTHORITY_MS): string {
  const name = authorityName(key)
  return certify({
    publicKey: createPublicKey(key),
    subject: name,
    issuer: name,
    signer: key,
    from: now - BEFORE_MS,
    until: now + lifetimeMs,
    extensions: [
      extension('2.5.29.19', sequence(TRUE, integer(Uint8Array.of(0))), 'critical'),
      extension('2.5.29.15', OF_USAGE.authority, 'critical'),
      extension('2.5.29.14', octets(keyId(createPublicKey(key)))),
    ],
  })
}

/** The parts of a server's certificate that have a default. */
interface ServerChoices {
  /** Left out: a new key. */
  readonly key?: KeyObject
  readonly title?: string
  readonly lifetimeMs?: number
}

/** Makes a certificate, and a key, for a server with these names, which are host names and addresses. */
export function certifyServer(
  authority: KeyObject,
  names: readonly string[],
  now: number,
  { key = createCertificateKey(), title = 'locket broker', lifetimeMs = SERVER_MS }: ServerChoices = {},
): Certified {
  const certificate = certify({
    publicKey: createPublicKey(key),
    // The names are in the extension alone: RFC 9525 forbids to read them from the subject.
    subject: nameOf(title),
    issuer: authorityName(authority),
    signer: authority,
    from: now - BEFORE_MS,
    until: now + lifetimeMs,
    extensions: [
      extension('2.5.29.19', sequence(), 'critical'),
      extension('2.5.29.15', OF_USAGE.server, 'critical'),
      extension('2.5.29.37', sequence(oid('1.3.6.1.5.5.7.3.1'))),
      extension('2.5.29.35', sequence(implicit(0, keyId(createPublicKey(authority))))),
      extension('2.5.29.17', sequence(...names.map(alternativeName))),
    ],
  })
  return { key, certificate }
}

interface Contents {
  readonly publicKey: KeyObject
  readonly subject: Der
  readonly issuer: Der
  readonly signer: KeyObject
  readonly from: number
  readonly until: number
  readonly extensions: readonly Der[]
}

/** RFC 5280, section 4.1. */
function certify({ publicKey, subject, issuer, signer, from, until, extensions }: Contents): string {
  const serial = randomBytes(16)
  // The highest bit is clear, and the number is not 0.
  serial.writeUInt8((serial.readUInt8(0) & 0x7f) | 0x40, 0)
  const body = sequence(
    explicit(0, integer(Uint8Array.of(2))),
    integer(serial),
    ECDSA,
    issuer,
    sequence(time(from), time(until)),
    subject,
    publicKey.export({ format: 'der', type: 'spki' }),
    explicit(3, sequence(...extensions)),
  )
  const certificate = sequence(body, ECDSA, bits(sign('sha256', body, signer)))
  const lines =
    Buffer.from(certificate)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}

function extension(id: string, value: Der, weight?: 'critical'): Der {
  return weight === undefined ? sequence(oid(id), octets(value)) : sequence(oid(id), TRUE, octets(value))
}

function authorityName(key: KeyObject): Der {
  return nameOf(
    `locket authority ${Buffer.from(keyId(createPublicKey(key)))
      .toString('hex')
      .slice(0, 16)}`,
  )
}

function nameOf(commonName: string): Der {
  return sequence(setOf(sequence(oid('2.5.4.3'), utf8(commonName))))
}

function keyId(publicKey: KeyObject): Uint8Array {
  return createHash('sha256')
    .update(publicKey.export({ format: 'der', type: 'spki' }))
    .digest()
    .subarray(0, 20)
}

function alternativeName(name: string): Der {
  return isIP(name) === 0 ? implicit(2, Buffer.from(name, 'latin1')) : implicit(7, addressBytes(name))
}

function addressBytes(address: string): Uint8Array {
  if (isIP(address) === 4) return Uint8Array.from(address.split('.').map(Number))
  const full = new SocketAddress({ address, family: 'ipv6' }).address
  const [head = '', tail] = full.split('::')
  const groups = (part: string): string[] => part.split(':').filter((group) => group !== '')
  const [first, last] = [groups(head), groups(tail ?? '')]
  const all = [...first, ...Array<string>(8 - first.length - last.length).fill('0'), ...last]
  return Uint8Array.from(
    all.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff]),
  )
}
