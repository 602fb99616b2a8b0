import { createPrivateKey, type KeyObject } from 'node:crypto'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { createSigningKey } from '../../core/broker/keys.ts'
import { createToken } from '../../core/broker/tokens.ts'
import { errnoOf, LocketError } from '../../core/vocabulary/errors.ts'
import { systemReason } from '../../core/vocabulary/system-errors.ts'
import { writePrivateFile } from '../files/own-files.ts'
import { certifyAuthority, createCertificateKey, type Certified } from './tls/certificate.ts'

/** The keys of a broker, which are made at its first start. A broker that loses them is another broker. */
interface BrokerIdentity {
  /** Ed25519: signs the answers. Its public half is in the identity of each machine. */
  readonly signing: KeyObject
  /** P-256: signs the certificates of the broker's TLS. */
  readonly authority: Certified
  /** The credential of the admin API. */
  readonly adminToken: string
  /** This start has made the keys. */
  readonly isNew: boolean
}

/** Names of the files in the broker's state folder. All of them are secret but the certificate. */
const FILES = {
  signing: 'server-key.pem',
  authorityKey: 'authority-key.pem',
  authority: 'authority.pem',
  adminToken: 'admin-token',
} as const

const MOST_BYTES = 64 * 1024

/**
 * Reads the keys in the folder, and makes those that are missing. The caller holds the folder's lock. Rejects
 * with `io`, and with `config` for a file that is damaged, that other users can read, or whose other half is
 * missing.
 */
export async function openBrokerIdentity(folder: string, now: number): Promise<BrokerIdentity> {
  const path = (name: keyof typeof FILES): string => join(folder, FILES[name])
  const keyAt = async (name: 'signing' | 'authorityKey', make: () => KeyObject, type: string) =>
    readKey(await readOrMake(path(name), () => pemOf(make())), path(name), type)
  const [known, knownKey] = [await readPrivate(path('authority')), await readPrivate(path('authorityKey'))]
  if (known !== undefined && knownKey === undefined)
    throw new LocketError('config', `${path('authorityKey')} is missing, and ${path('authority')} is there`, {
      hint: 'restore it from a backup; without both, each machine must be enrolled again',
    })
  const isNew = known === undefined
  const signing = await keyAt('signing', createSigningKey, 'ed25519')
  const key = await keyAt('authorityKey', createCertificateKey, 'ec')
  const certificate = await readOrMake(path('authority'), () => certifyAuthority(key, now))
  const adminToken = (await readOrMake(path('adminToken'), () => `${createToken('la')}\n`)).trim()
  return { signing, authority: { key, certificate }, adminToken, isNew }
}

function pemOf(key: KeyObject): string {
  return key.export({ format: 'pem', type: 'pkcs8' })
}

/**
 * Resolves with the text of a private file, which is made if it is missing. Rejects with `io`, and with
 * `config` for a file that is empty or that other users can read.
 */
export async function readOrMake(path: string, make: () => string | Promise<string>): Promise<string> {
  const known = await readPrivate(path)
  if (known !== undefined) return known
  const made = await make()
  await writePrivateFile(path, Buffer.from(made))
  return made
}

/** Returns the private key of a file that locket has written. Throws `config` if it does not hold one. */
export function readKey(text: string, path: string, type: string): KeyObject {
  try {
    const key = createPrivateKey(text)
    if (key.asymmetricKeyType === type) return key
  } catch {
    // The message of OpenSSL adds nothing.
  }
  throw new LocketError('config', `${path} does not hold the private key that locket has written there`, {
    hint: 'restore it from a backup',
  })
}

/** Resolves with the text of a file that only its owner can read. Undefined: there is none. */
async function readPrivate(path: string): Promise<string | undefined> {
  try {
    await using file = await open(path)
    const { mode, size } = await file.stat()
    if ((mode & 0o077) !== 0)
      throw new LocketError('config', `other users may read ${path}`, {
        hint: `chmod 600 ${path}, and replace it if somebody may have read it`,
      })
    if (size === 0 || size > MOST_BYTES) throw new LocketError('config', `${path} has ${size} bytes`)
    return await file.readFile('utf8')
  } catch (thrown) {
    const errno = errnoOf(thrown)
    if (errno === 'ENOENT') return undefined
    if (errno === undefined) throw thrown
    throw new LocketError('io', `cannot read ${path}: ${systemReason(errno)}`, { cause: thrown })
  }
}
