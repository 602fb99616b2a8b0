import { createHash } from 'node:crypto'
import { LocketError, errnoOf, isLocketError, rewordError } from '../../../core/vocabulary/errors.ts'
import type { SourceFiles } from '../../../core/ports/files.ts'
import { Secret } from '../../../core/vocabulary/secret.ts'
import type { Credential } from '../../../settings/kinds.ts'
import { providerError } from '../provider-error.ts'

const MAX_BYTES = 64 * 1024

/** The names that a message about a credential contains. */
interface CredentialUse {
  /** The name of the provider: `op-connect`. */
  readonly provider: string
  /** The name of the setting: `connect-token`. */
  readonly setting: string
}

/**
 * Resolves with the current credential, without newlines at its end. A file is opened again each time by the
 * path that the user wrote, so a replaced file or a moved link takes effect at once. The caller must wipe the
 * result. Rejects with `credential_missing` (no file, or an empty one), `denied` (not readable), `auth`
 * (other characters than printable ASCII), `too_large` (more than 64 KiB), `io`.
 */
export async function readCredential(
  credential: Credential,
  files: SourceFiles,
  use: CredentialUse,
): Promise<Secret> {
  const bytes =
    credential.kind === 'inline'
      ? new Uint8Array(credential.value.reveal())
      : await readCredentialBytes(credential, files, use)
  let end = bytes.length
  while (end > 0 && (bytes[end - 1] === 0x0a || bytes[end - 1] === 0x0d)) end -= 1
  const trimmed = new Uint8Array(bytes.subarray(0, end))
  bytes.fill(0)
  const named = credential.kind === 'inline' ? use.setting : `${use.setting} in ${credential.path}`
  if (trimmed.length === 0)
    throw providerError('credential_missing', `${use.provider}: ${named} is empty`, {
      hint: 'write the credential into it; it is read again at once',
    })
  if (trimmed.every((byte) => byte >= 0x21 && byte <= 0x7e)) return new Secret(trimmed)
  trimmed.fill(0)
  throw providerError('auth', `${use.provider}: ${named} holds characters that no credential has`, {
    hint: 'printable ASCII without spaces, in one line',
  })
}

/**
 * Returns the value of an Authorization header. A string cannot be wiped: keep it no longer than the request.
 */
export function bearer(credential: Secret): string {
  return `Bearer ${credentialText(credential)}`
}

/** Returns the credential as a string, which cannot be wiped, for a library that accepts nothing else. */
export function credentialText(credential: Secret): string {
  return new TextDecoder('latin1').decode(credential.reveal())
}

/**
 * Returns a SHA-256 digest in base64 that is equal for equal credentials. It cannot be used as a credential.
 */
export function digestOf(credentials: readonly Secret[]): string {
  const hash = createHash('sha256')
  for (const credential of credentials) hash.update(`${credential.byteLength}:`).update(credential.reveal())
  return hash.digest('base64')
}

/**
 * Resolves with the bytes of a credential's file, which the caller must wipe. For files that are more than
 * one line of text, such as a key in JSON. Rejects as `readCredential` does.
 */
export async function readCredentialBytes(
  credential: Extract<Credential, { kind: 'file' }>,
  files: SourceFiles,
  use: CredentialUse,
  maxBytes: number = MAX_BYTES,
): Promise<Uint8Array> {
  const { kind: _kind, path, ...limits } = credential
  try {
    return await files.read(path, { maxBytes, ...limits })
  } catch (thrown) {
    throw readError(thrown, path, use)
  }
}

/** Returns the error for a file of a setting that could not be read. */
export function readError(thrown: unknown, path: string, { provider, setting }: CredentialUse): LocketError {
  if (!isLocketError(thrown))
    return providerError('internal', `${provider}: ${setting} could not be read`, { cause: thrown })
  const errno = errnoOf(thrown.cause)
  const named = `${provider}: ${setting} in ${path}`
  if (errno === 'ENOENT' || errno === 'ENOTDIR') {
    const hint =
      'the user that runs locket must be able to read it; a managed plugin sees only the folder of its config.source, at /etc/locket'
    return providerError('credential_missing', `${named}: there is no such file`, {
      cause: thrown,
      hint,
      facts: { path },
      names: ['path'],
    })
  }
  if (errno === 'EACCES' || errno === 'EPERM') {
    return providerError('denied', `${named}: the file may not be read`, {
      hint: 'the user that runs locket needs read permission on it and on its folders',
      cause: thrown,
    })
  }
  return rewordError(thrown, `${named}: ${thrown.reason}`, ['provider'])
}
