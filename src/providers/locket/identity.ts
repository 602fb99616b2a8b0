import { createPrivateKey, type KeyObject } from 'node:crypto'
import { basename, dirname, join, resolve } from 'node:path'
import * as z from 'zod'
import type { MachineIdentity } from '../../core/broker/identity-file.ts'
import { publicKeyOf, readPublicKey } from '../../core/broker/keys.ts'
import type { SourceFiles } from '../../core/ports/files.ts'
import { isLocketError, LocketError } from '../../core/vocabulary/errors.ts'
import { Secret } from '../../core/vocabulary/secret.ts'
import { credentialText as textOf, readCredential, readError } from '../lib/login/credential.ts'
import { providerError } from '../lib/provider-error.ts'
import type { LocketSettings } from './settings.ts'

/** The facts of every identity. */
interface Known {
  /** The id of the machine, or of the session of a workload. */
  readonly machine: string
  readonly apiUrl: string
  readonly caPem: string | undefined
  readonly serverKey: KeyObject
}

/** A machine that has a key. */
export interface LoadedIdentity extends Known {
  readonly kind: 'key'
  readonly key: KeyObject
}

/** A machine that proves itself by a token of an issuer. */
export interface LoadedWorkload extends Known {
  readonly kind: 'workload'
  readonly token: string
}

const MAX_BYTES = 64 * 1024

const Identity = z.object({
  machineId: z.string().regex(/^m_[a-z0-9]{26}$/),
  machineName: z.string().max(128),
  vaultId: z.string().max(128).optional(),
  apiUrl: z.string().max(512),
  serverKey: z.string().max(64),
  caPem: z.string().startsWith('-----BEGIN CERTIFICATE-----').optional(),
  privateKeyPath: z.string().min(1).max(1024).optional(),
})

/**
 * Resolves with the content of the identity file, and of the private key that it names or the token of a
 * workload: read anew each time, so that a replaced identity takes effect at once. The caller must wipe both.
 * Rejects as `readError` says, and with `auth` for a file that is not an identity.
 */
export async function readIdentityFiles(
  { identity: path, token }: Pick<LocketSettings, 'identity' | 'token'>,
  files: SourceFiles,
  instance: string,
): Promise<readonly [Secret, Secret]> {
  const read = (from: string): Promise<Uint8Array> =>
    files.read(from, { maxBytes: MAX_BYTES }).catch((thrown: unknown) => {
      throw readError(thrown, from, { provider: instance, setting: 'identity' })
    })
  const identity = new Secret(await read(path))
  const { privateKeyPath, vaultId } = parseIdentity(identity, path, instance)
  if (privateKeyPath === undefined) {
    if (token !== undefined)
      return [identity, await readCredential(token, files, { provider: instance, setting: 'broker-token' })]
    throw providerError('credential_missing', `${instance}: the identity in ${path} is one of a workload`, {
      hint: 'set broker-token: LOCKET_BROKER_TOKEN, or LOCKET_BROKER_TOKEN_FILE for a file that is renewed',
    })
  }
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
): LoadedIdentity | LoadedWorkload {
  if (identity === undefined || pem === undefined) throw new LocketError('internal', 'a file is missing')
  const read = parseIdentity(identity, path, instance)
  const { machineId: machine, apiUrl, caPem } = read
  const server = readPublicKey(read.serverKey)
  if (server === undefined) throw unusable(path, instance, 'serverKey is not a key')
  const known = { machine, apiUrl, caPem, serverKey: publicKeyOf('ed25519', server) }
  if (read.privateKeyPath === undefined) return { kind: 'workload', ...known, token: textOf(pem) }
  const key = privateKeyOf(pem)
  if (key === undefined) throw unusable(path, instance, 'the private key beside it is not one of Ed25519')
  return { kind: 'key', ...known, key }
}

function parseIdentity(text: Secret, path: string, instance: string): MachineIdentity {
  try {
    const { caPem, vaultId, privateKeyPath, ...identity } = Identity.parse(JSON.parse(textOf(text)))
    return {
      ...identity,
      ...(privateKeyPath === undefined ? {} : { privateKeyPath }),
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
