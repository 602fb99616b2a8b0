import type { SecretName } from '../vocabulary/secret-name.ts'
import type { Secret } from '../vocabulary/secret.ts'

/** Facts about a stored secret that may be shown. */
export interface SecretMetadata {
  readonly name: SecretName
  readonly sizeBytes: number
  /** Milliseconds since the epoch. */
  readonly updatedAt: number
}

/** Changes that storing made. */
export interface Stored {
  /** Names that had a value before. */
  readonly replaced: ReadonlySet<SecretName>
  /** Files that had to be made. When the key file is lost, every secret is lost. */
  readonly made: readonly string[]
}

/**
 * The file of the embedded provider, for commands that change it. Each change is whole or not made at all;
 * concurrent changes are all kept.
 */
export interface SecretStore {
  /** Returns all secrets, sorted by name. */
  list(): Promise<readonly SecretMetadata[]>
  /** Returns a value, which the receiver must wipe. Rejects with `not_found`. */
  get(name: SecretName): Promise<Secret>
  /** Stores the values; makes file and key when there are none. The caller wipes the values. */
  set(values: ReadonlyMap<SecretName, Secret>, signal: AbortSignal): Promise<Stored>
  /** Removes the secrets. Rejects with `not_found` when one of them is missing, and removes none then. */
  remove(names: readonly SecretName[], signal: AbortSignal): Promise<void>
  /** Makes a new key and returns its public half. The old key opens no file that is written from now on. */
  rotateKey(signal: AbortSignal): Promise<string>
}
