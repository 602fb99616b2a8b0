import { createHash } from 'node:crypto'
import { LocketError, errnoOf, isLocketError, rewordError } from '../../../core/vocabulary/errors.ts'
import type { SourceFiles } from '../../../core/ports/files.ts'
import { Secret } from '../../../core/vocabulary/secret.ts'
import type { Credential } from '../../../settings/kinds.ts'
import { providerError } from '../provider-error.ts'

const MAX_BYTES = 64 * 1024

export interface CredentialUse {
  /** Kind of the provider: `op-connect`. */
  readonly provider: string
  /** Name of the setting: `connect-token`. */
  readonly setting: string
}

/**
 * The credential as it is now: a file is opened anew each time, by the path that the user wrote, so a file that was replaced or a
 * link that was moved counts at once. The caller wipes what it gets. Rejects with `credential_missing` (no file, or an empty one),
 * `denied` (not readable), `auth` (no credential looks like that), `too_large`, `io`.
 */
export async function readCredential(
  credential: Credential,
  files: SourceFiles,
  use: CredentialUse,
): Promise<Secret> {
  const bytes =
    credential.kind === 'inline' ? credential.value.reveal().slice() : await readFile(credential, files, use)
  let end = bytes.length
  while (end > 0 && (bytes[end - 1] === 0x0a || bytes[end - 1] === 0x0d)) end -= 1
  const trimmed = bytes.slice(0, end)
  bytes.fill(0)
  const named = credential.kind === 'inline' ? use.setting : `${use.setting} in ${credential.path}`
  if (trimmed.length === 0) throw providerError('credential_missing', `${use.provider}: ${named} is empty`)
  if (trimmed.every((byte) => byte >= 0x21 && byte <= 0x7e)) return new Secret(trimmed)
  trimmed.fill(0)
  throw providerError('auth', `${use.provider}: ${named} holds characters that no credential has`, {
    hint: 'printable ASCII without spaces, in one line',
  })
}

/** The value of an Authorization header. A string cannot be wiped: keep it no longer than the request. */
export function bearer(credential: Secret): string {
  return `Bearer ${credentialText(credential)}`
}

/** For a library that takes it as text, which cannot be wiped. */
export function credentialText(credential: Secret): string {
  return new TextDecoder('latin1').decode(credential.reveal())
}

/** The same for the same credentials, and of no use to anybody else. */
export function digestOf(credentials: readonly Secret[]): string {
  const hash = createHash('sha256')
  for (const credential of credentials) hash.update(`${credential.byteLength}:`).update(credential.reveal())
  return hash.digest('base64')
}

async function readFile(
  credential: Extract<Credential, { kind: 'file' }>,
  files: SourceFiles,
  use: CredentialUse,
): Promise<Uint8Array> {
  const { kind: _kind, path, ...limits } = credential
  try {
    return await files.read(path, { maxBytes: MAX_BYTES, ...limits })
  } catch (thrown) {
    throw readError(thrown, path, use)
  }
}

/** Why a file that a setting names could not be read. */
export function readError(thrown: unknown, path: string, { provider, setting }: CredentialUse): LocketError {
  if (!isLocketError(thrown))
    return providerError('internal', `${provider}: ${setting} could not be read`, { cause: thrown })
  const errno = errnoOf(thrown.cause)
  const named = `${provider}: ${setting} in ${path}`
  if (errno === 'ENOENT' || errno === 'ENOTDIR') {
    const hint =
      'the user that runs locket must be able to read it; a managed plugin sees only the folder of its config.source, at /etc/locket'
    return providerError('credential_missing', `${named}: there is no such file`, { cause: thrown, hint })
  }
  if (errno === 'EACCES' || errno === 'EPERM') {
    return providerError('denied', `${named}: the file may not be read`, {
      hint: 'the user that runs locket needs read permission on it and on its folders',
      cause: thrown,
    })
  }
  return rewordError(thrown, `${named}: ${thrown.reason}`, ['provider'])
}
