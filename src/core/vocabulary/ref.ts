declare const brand: unique symbol
/** A subtype of T that only its own parser makes, so that an unchecked text cannot take its place. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name }

/** Identifier of a secret: `PROVIDER:KEY`. Two references to one secret have the same id. */
export type RefId = Brand<string, 'RefId'>

/** A reference to a secret. It holds no secret: it can be logged, stored and compared. */
export interface SecretRef {
  readonly id: RefId
  /** Name of the provider instance that resolves the reference. */
  readonly provider: string
  /** Canonical key of the secret. Only its own provider reads it. */
  readonly key: string
  /** The reference as the user wrote it. */
  readonly text: string
}

/** Returns a reference. `key` must be canonical: equal for equal secrets of the provider. */
export function createRef(provider: string, key: string, text: string): SecretRef {
  return { id: `${provider}:${key}` as RefId, provider, key, text }
}
