/** The parts of an SSH private key that open an age file. */
export type SshKey =
  | {
      readonly type: 'ssh-ed25519'
      /** The public key in the format of SSH. */
      readonly wire: Buffer
      readonly seed: Buffer
    }
  | {
      readonly type: 'ssh-rsa'
      readonly wire: Buffer
      /** Modulus, exponents and primes, unsigned. */
      readonly numbers: Readonly<Record<'n' | 'e' | 'd' | 'p' | 'q' | 'qi', Buffer>>
    }

const BEGIN = '-----BEGIN OPENSSH PRIVATE KEY-----'
const END = '-----END OPENSSH PRIVATE KEY-----'
const MAGIC = 'openssh-key-v1\0'

/** Tells whether a text is a private key in the format of `ssh-keygen`. */
export function isSshKey(text: string): boolean {
  return text.trimStart().startsWith(BEGIN)
}

/**
 * Reads a private key in the format of OpenSSH (PROTOCOL.key). Returns `locked` for one with a passphrase,
 * and undefined for another type than Ed25519 and RSA, and for a damaged one.
 */
export function readSshKey(text: string): SshKey | 'locked' | undefined {
  const body = Buffer.from(text.split(BEGIN)[1]?.split(END)[0] ?? '', 'base64')
  if (body.subarray(0, MAGIC.length).toString('latin1') !== MAGIC) return undefined
  try {
    const read = reader(body.subarray(MAGIC.length))
    const cipher = read.string().toString('latin1')
    if (cipher !== 'none') return 'locked'
    read.string()
    read.string()
    if (read.number() !== 1) return undefined
    const wire = Buffer.from(read.string())
    return readSecret(reader(read.string()), wire)
  } catch {
    // The reader throws at the end of a damaged key. Its error is not kept, because it may quote the key.
    return undefined
  } finally {
    body.fill(0)
  }
}

function readSecret(read: Reader, wire: Buffer): SshKey | undefined {
  if (read.number() !== read.number()) return undefined
  const type = read.string().toString('latin1')
  if (type === 'ssh-ed25519') {
    read.string()
    const pair = read.string()
    return pair.length === 64 ? { type, wire, seed: Buffer.from(pair.subarray(0, 32)) } : undefined
  }
  if (type !== 'ssh-rsa') return undefined
  const [n, e, d, qi, p, q] = Array.from({ length: 6 }, () => unsigned(read.string()))
  if (n === undefined || e === undefined || d === undefined) return undefined
  return qi === undefined || p === undefined || q === undefined
    ? undefined
    : { type, wire, numbers: { n, e, d, p, q, qi } }
}

interface Reader {
  readonly number: () => number
  readonly string: () => Buffer
}

function reader(bytes: Buffer): Reader {
  let at = 0
  const number = (): number => {
    const value = bytes.readUInt32BE(at)
    at += 4
    return value
  }
  return {
    number,
    string() {
      const length = number()
      if (length > bytes.length - at) throw new RangeError('a damaged key')
      at += length
      return bytes.subarray(at - length, at)
    },
  }
}

/** Copies a positive mpint without the zero byte of its sign. */
function unsigned(number: Buffer): Buffer {
  return Buffer.from(number[0] === 0 ? number.subarray(1) : number)
}
