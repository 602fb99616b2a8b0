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
  /**
   * The reference ends in `*`: it means all fields of an item, or all secrets of a folder. Its value is made
   * by `packFields`.
   */
  readonly isAll?: true
  /** The brokers through which a question for it has come, this one last. Left out: it is asked for here. */
  readonly via?: readonly string[]
}

/** Returns a reference. `key` must be canonical: equal for equal secrets of the provider. */
export function createRef(
  provider: string,
  key: string,
  text: string,
  { isAll = false }: { readonly isAll?: boolean } = {},
): SecretRef {
  return { id: `${provider}:${key}` as RefId, provider, key, text, ...(isAll ? { isAll } : {}) }
}

/** Returns the reference of one field of a `*` reference, whose value `unpackFields` gives. */
export function fieldRef({ provider, key, text }: SecretRef, name: string): SecretRef {
  // A key of a provider holds no NUL character.
  return createRef(provider, `${key}\0${name}`, `${text} (${name})`)
}

/**
 * Returns the reference for a question that has come through these brokers. Such questions are answered apart
 * from others: one that waited for another could wait for itself.
 */
export function refVia(ref: SecretRef, via: readonly string[]): SecretRef {
  return { ...ref, id: `${ref.id}\0${via.join(' ')}` as RefId, via }
}
