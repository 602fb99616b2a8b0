import type { SecretName } from '../vocabulary/secret-name.ts'
import type { Secret } from '../vocabulary/secret.ts'

/** What may be told of a stored secret. */
export interface SecretFacts {
  readonly name: SecretName
  readonly sizeBytes: number
  /** Milliseconds since the epoch. */
  readonly updatedAt: number
}

export interface Stored {
  /** Those that were there before, under the same name. */
  readonly replaced: ReadonlySet<SecretName>
  /** Files that had to be made: the key file's loss would be the loss of every secret. */
  readonly made: readonly string[]
}

/** The embedded provider's own file, for those who change it. Each change is whole or not at all; concurrent changes are all kept. */
export interface SecretStore {
  /** By name. */
  list(): Promise<readonly SecretFacts[]>
  /** Rejects with `not_found`. The receiver wipes the value. */
  get(name: SecretName): Promise<Secret>
  /** Makes file and key when there are none. The caller wipes the values. */
  set(values: ReadonlyMap<SecretName, Secret>, signal: AbortSignal): Promise<Stored>
  /** Rejects with `not_found`, and removes nothing, unless every name is there. */
  remove(names: readonly SecretName[], signal: AbortSignal): Promise<void>
  /** A new key; the old one opens no file written from now on. Gives the new public key. */
  rotateKey(signal: AbortSignal): Promise<string>
}
