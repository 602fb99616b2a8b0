import { LocketError } from '../../core/vocabulary/errors.ts'

/** The work that the identities of a key file can do. */
export interface AgeKey {
  /**
   * Opens a file, binary or armored. Rejects with `auth` (encrypted for another key) or `provider_protocol`
   * (damaged, or not an age file). The caller must wipe the bytes.
   */
  open(sealed: Uint8Array, path: string): Promise<Uint8Array>
  /** For the first identity of the key file, binary. */
  seal(plain: Uint8Array): Promise<Uint8Array>
  /** Public key of the first identity. */
  recipient(): Promise<string>
}

const ARMOR = '-----BEGIN AGE ENCRYPTED FILE-----'

/** Imported on first use: it takes 120 ms unbundled, and most processes never need it. */
export function loadAge(): Promise<typeof import('age-encryption')> {
  return import('age-encryption')
}

/**
 * Reads an identity file as `age-keygen` writes it. All its identities are tried for opening. Throws `auth`
 * when it has none.
 */
export async function parseAgeKey(text: string, path: string): Promise<AgeKey> {
  const age = await loadAge()
  const identities = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
  const first = identities[0]
  if (first === undefined || !identities.every((line) => /^AGE-SECRET-KEY-(PQ-)?1/.test(line))) {
    throw unusable(
      path,
      text.includes(ARMOR) || text.startsWith('age-encryption.org/') ? 'it is itself encrypted' : undefined,
    )
  }
  const decrypter = new age.Decrypter()
  for (const [index, identity] of identities.entries()) {
    try {
      decrypter.addIdentity(identity)
    } catch {
      // A message of bech32 quotes the key, so it is no `cause`.
      throw unusable(path, `identity ${index + 1} is misspelt`)
    }
  }
  return {
    recipient: () => age.identityToRecipient(first),
    async open(sealed, sealedPath) {
      try {
        const binary = isArmored(sealed) ? age.armor.decode(Buffer.from(sealed).toString('latin1')) : sealed
        return await gather(await decrypter.decrypt(streamOf(binary)))
      } catch (cause) {
        throw notOpened(cause, sealedPath, path)
      }
    },
    async seal(plain) {
      const encrypter = new age.Encrypter()
      encrypter.addRecipient(await age.identityToRecipient(first))
      return gather(await encrypter.encrypt(streamOf(plain)))
    },
  }
}

/**
 * Given bytes instead of a stream, the package collects its output with a `Response`: Node then loads all of
 * `fetch`, 15 ms of work.
 */
function streamOf(bytes: Uint8Array): ReadableStream<Uint8Array<ArrayBuffer>> {
  // The package's types want bytes that no other thread has; it does not look.
  return ReadableStream.from([bytes as Uint8Array<ArrayBuffer>])
}

/** All of a stream. What it was made of is wiped. */
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

/** A new identity, in the layout of `age-keygen`. */
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
 * The package throws plain errors: one text tells a foreign key from a damaged file. A test holds it to that
 * text.
 */
function notOpened(cause: unknown, path: string, keyPath: string): LocketError {
  if (cause instanceof Error && cause.message.startsWith('no identity matched')) {
    return new LocketError('auth', `the key in ${keyPath} does not open ${path}`, {
      hint: 'the file was encrypted for another key',
      cause,
    })
  }
  return new LocketError('provider_protocol', `${path} is damaged, or no file that age encrypted`, {
    hint: 'restore it from a backup',
    cause,
  })
}
