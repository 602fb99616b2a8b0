import { LocketError } from '../../../core/vocabulary/errors.ts'
import { isSshKey, readSshKey } from './ssh-key.ts'

/** The identities of a key file. */
export interface AgeKey {
  /**
   * Decrypts a binary or armored age file. `path` is for messages. Rejects with `auth` if the file was
   * encrypted for another key, and with `provider_protocol` if it is damaged or not an age file. The caller
   * must wipe the bytes.
   */
  open(sealed: Uint8Array, path: string): Promise<Uint8Array>
  /** Encrypts for the first identity of the key file, in the binary format. */
  seal(plain: Uint8Array): Promise<Uint8Array>
  /** Resolves with the public key of the first identity. */
  recipient(): Promise<string>
}

const ARMOR = '-----BEGIN AGE ENCRYPTED FILE-----'

/**
 * Imports the age package at its first use, because that takes 120 ms unbundled and most processes never need
 * it.
 */
export function loadAge(): Promise<typeof import('age-encryption')> {
  return import('age-encryption')
}

/**
 * Parses an identity file in the format of `age-keygen`. Decryption tries all identities. Rejects with `auth`
 * if a line is not an identity, or if there is none.
 */
export async function parseAgeKey(text: string, path: string): Promise<AgeKey> {
  const age = await loadAge()
  const identities = identitiesOf(text, path)
  const [first] = identities
  return {
    ...openerOf(age, identities, path),
    recipient: () => age.identityToRecipient(first),
    async seal(plain) {
      const encrypter = new age.Encrypter()
      encrypter.addRecipient(await age.identityToRecipient(first))
      return gather(await encrypter.encrypt(streamOf(plain)))
    },
  }
}

/**
 * Parses an identity file in the format of `age-keygen`, or an SSH key without a passphrase (Ed25519 or RSA).
 * Rejects with `auth` for another text.
 */
export async function parseAgeIdentity(text: string, path: string): Promise<Pick<AgeKey, 'open'>> {
  const age = await loadAge()
  if (!isSshKey(text)) return openerOf(age, identitiesOf(text, path), path)
  const key = readSshKey(text)
  if (key === 'locked')
    throw new LocketError('auth', `the SSH key ${path} has a passphrase, and nobody can be asked for it`, {
      hint: 'use a key without one, or an identity of age-keygen',
    })
  if (key === undefined)
    throw new LocketError('auth', `the SSH key ${path} cannot be used`, {
      hint: 'age knows keys of the types Ed25519 and RSA',
    })
  const { sshIdentity } = await import('./ssh-identity.ts')
  return openerOf(age, [sshIdentity(key)], path)
}

/** Returns the identities of a text. There is at least one. */
function identitiesOf(text: string, path: string): readonly [string, ...string[]] {
  const [first, ...others] = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
  if (first !== undefined && [first, ...others].every((line) => /^AGE-SECRET-KEY-(PQ-)?1/.test(line)))
    return [first, ...others]
  const isEncrypted = text.includes(ARMOR) || text.startsWith('age-encryption.org/')
  throw unusable(path, isEncrypted ? 'it is itself encrypted' : undefined)
}

type Age = Awaited<ReturnType<typeof loadAge>>
type AgeIdentity = Parameters<InstanceType<Age['Decrypter']>['addIdentity']>[0]

function openerOf(age: Age, identities: readonly AgeIdentity[], path: string): Pick<AgeKey, 'open'> {
  const decrypter = new age.Decrypter()
  for (const [index, identity] of identities.entries()) {
    try {
      decrypter.addIdentity(identity)
    } catch {
      // The error of the package is not kept as a cause, because its text quotes the key.
      throw unusable(path, `identity ${index + 1} is misspelt`)
    }
  }
  return {
    async open(sealed, sealedPath) {
      try {
        const binary = isArmored(sealed) ? age.armor.decode(Buffer.from(sealed).toString('latin1')) : sealed
        return await gather(await decrypter.decrypt(streamOf(binary)))
      } catch (cause) {
        throw notOpened(cause, sealedPath, path)
      }
    },
  }
}

/**
 * Returns a stream of the bytes. If the package gets bytes instead of a stream, it collects its output with a
 * `Response`, and Node then loads all of `fetch`: 15 ms of work.
 */
function streamOf(bytes: Uint8Array): ReadableStream<Uint8Array<ArrayBuffer>> {
  return ReadableStream.from(partsOf(bytes))
}

/** 4 chunks of age, whose cipher takes some 3 ms. */
const PART = 256 * 1024

/** Yields the bytes in parts, each in a turn of the event loop of its own: a cipher of JavaScript is slow. */
async function* partsOf(bytes: Uint8Array): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  for (let start = 0; start < bytes.length; start += PART) {
    if (start > 0) await new Promise<void>((resume) => setImmediate(resume))
    // The package's types ask for bytes that are not shared with another thread, but it does not check that.
    yield bytes.subarray(start, start + PART) as Uint8Array<ArrayBuffer>
  }
}

/** Resolves with all bytes of a stream. The chunks are wiped. */
async function gather(stream: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of stream) chunks.push(chunk)
  const whole = new Uint8Array(chunks.reduce((length, chunk) => length + chunk.length, 0))
  let end = 0
  for (const chunk of chunks) {
    whole.set(chunk, end)
    end += chunk.length
    chunk.fill(0)
  }
  return whole
}

/** Makes a new identity in the format of `age-keygen`. `now` is in milliseconds since the epoch. */
export async function createKeyText(now: number): Promise<string> {
  const age = await loadAge()
  const identity = await age.generateX25519Identity()
  const recipient = await age.identityToRecipient(identity)
  return `# created: ${new Date(now).toISOString()}\n# public key: ${recipient}\n${identity}\n`
}

function isArmored(sealed: Uint8Array): boolean {
  return Buffer.from(sealed.subarray(0, 256)).toString('latin1').trimStart().startsWith(ARMOR)
}

function unusable(path: string, reason = 'it holds no age identity'): LocketError {
  return new LocketError('auth', `the key file ${path} cannot be used: ${reason}`, {
    hint: 'a line that starts with AGE-SECRET-KEY-1 is needed, as age-keygen writes it',
  })
}

/**
 * Returns the error for a failed decryption. The package throws plain errors, so only their text tells a
 * wrong key from a damaged file. A test checks that text.
 */
function notOpened(cause: unknown, path: string, keyPath: string): LocketError {
  if (cause instanceof Error && cause.message.startsWith('no identity matched')) {
    return new LocketError('auth', `the key in ${keyPath} does not open ${path}`, {
      hint: 'the file was encrypted for another key',
      cause,
    })
  }
  return new LocketError('provider_protocol', `${path} is damaged or not an age file`, {
    hint: 'restore it from a backup',
    cause,
  })
}
