import { createPrivateKey, type KeyObject } from 'node:crypto'
import { basename, dirname, join, resolve } from 'node:path'
import * as z from 'zod'
import type { MachineIdentity } from '../../core/broker/identity-file.ts'
import { publicKeyOf, readPublicKey } from '../../core/broker/keys.ts'
import type { SourceFiles } from '../../core/ports/files.ts'
import { isLocketError, LocketError } from '../../core/vocabulary/errors.ts'
import { Secret } from '../../core/vocabulary/secret.ts'
import { credentialText as textOf, readError } from '../lib/login/credential.ts'
import { providerError } from '../lib/provider-error.ts'

/** Who this machine is for its broker. */
export interface LoadedIdentity {
  readonly machine: string
  readonly apiUrl: string
  readonly caPem: string | undefined
  readonly key: KeyObject
  readonly serverKey: KeyObject
}

const MAX_BYTES = 64 * 1024

const Identity = z.object({
  machineId: z.string().regex(/^m_[a-z0-9]{26}$/),
  machineName: z.string().max(128),
  vaultId: z.string().max(128).optional(),
  apiUrl: z.string().max(512),
  serverKey: z.string().max(64),
  caPem: z.string().startsWith('-----BEGIN CERTIFICATE-----').optional(),
  privateKeyPath: z.string().min(1).max(1024),
})

/**
 * Resolves with the content of the identity file and of the private key that it names: read anew each time,
 * so that a replaced identity takes effect at once. The caller must wipe both. Rejects as `readError` says,
 * and with `auth` for a file that is not an identity.
 */
export async function readIdentityFiles(
  path: string,
  files: SourceFiles,
  instance: string,
): Promise<readonly [Secret, Secret]> {
  const read = (from: string): Promise<Uint8Array> =>
    files.read(from, { maxBytes: MAX_BYTES }).catch((thrown: unknown) => {
      throw readError(thrown, from, { provider: instance, setting: 'identity' })
    })
  const identity = new Secret(await read(path))
  const { privateKeyPath, vaultId } = parseIdentity(identity, path, instance)
  const isBundle = vaultId !== undefined
  const folder = dirname(path)
  const key = isBundle ? join(folder, basename(privateKeyPath)) : resolve(folder, privateKeyPath)
  return [identity, new Secret(await read(key))]
}

/** Returns the identity of two files. Throws `auth` if they do not hold one. */
export function loadIdentity(
  [identity, pem]: readonly Secret[],
  path: string,
  instance: string,
): LoadedIdentity {
  if (identity === undefined || pem === undefined) throw new LocketError('internal', 'a file is missing')
  const { machineId, apiUrl, caPem, serverKey } = parseIdentity(identity, path, instance)
  const server = readPublicKey(serverKey)
  if (server === undefined) throw unusable(path, instance, 'serverKey is not a key')
  const key = privateKeyOf(pem)
  if (key === undefined) throw unusable(path, instance, 'the private key beside it is not one of Ed25519')
  return { machine: machineId, apiUrl, caPem, key, serverKey: publicKeyOf('ed25519', server) }
}

function parseIdentity(text: Secret, path: string, instance: string): MachineIdentity {
  try {
    const { caPem, vaultId, ...identity } = Identity.parse(JSON.parse(textOf(text)))
    return {
      ...identity,
      ...(caPem === undefined ? {} : { caPem }),
      ...(vaultId === undefined ? {} : { vaultId }),
    }
  } catch (thrown) {
    if (isLocketError(thrown)) throw thrown
    throw unusable(path, instance, 'it is not an identity.json of a broker')
  }
}

function privateKeyOf(pem: Secret): KeyObject | undefined {
  try {
    const key = createPrivateKey(textOf(pem))
    return key.asymmetricKeyType === 'ed25519' ? key : undefined
  } catch {
    return undefined
  }
}

function unusable(path: string, instance: string, reason: string): LocketError {
  return providerError('auth', `${instance}: identity in ${path}: ${reason}`, {
    hint: 'run locket enrol on this machine, or unpack its bundle again',
  })
}
