import type { SecretName } from '../vocabulary/secret-name.ts'
import type { Secret } from '../vocabulary/secret.ts'

/** Public information about a stored secret: no part of its value. */
export interface SecretMetadata {
  readonly name: SecretName
  readonly sizeBytes: number
  /** Time of the last change, in milliseconds since the epoch. */
  readonly updatedAt: number
}

/** The result of storing secrets. */
export interface Stored {
  /** Names that had a value before. */
  readonly replaced: ReadonlySet<SecretName>
  /** Paths of files that were created. When the key file is lost, every secret is lost. */
  readonly made: readonly string[]
}

/**
 * The store of the embedded provider, for commands that change it. Each change is made completely or not at
 * all. Concurrent changes are all kept.
 */
export interface SecretStore {
  /** Returns all secrets, sorted by name. */
  list(): Promise<readonly SecretMetadata[]>
  /** Returns a value, which the receiver must wipe. Rejects with `not_found`. */
  get(name: SecretName): Promise<Secret>
  /**
   * Stores the values. Creates the file and the key if they do not exist. The caller wipes the values. With
   * `mayReplace` false it rejects with `usage` when one of the names has a value, and stores none then.
   */
  set(
    values: ReadonlyMap<SecretName, Secret>,
    signal: AbortSignal,
    options?: { readonly mayReplace?: boolean },
  ): Promise<Stored>
  /** Removes the secrets. Rejects with `not_found` when one of them is missing, and removes none then. */
  remove(names: readonly SecretName[], signal: AbortSignal): Promise<void>
  /** Makes a new key and returns its public half. The old key opens no file that is written from now on. */
  rotateKey(signal: AbortSignal): Promise<string>
}
