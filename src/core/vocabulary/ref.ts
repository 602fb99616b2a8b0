declare const brand: unique symbol
/** A string that only its own parser makes. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name }

/** `${provider}:${key}`: equal for equal secrets. */
export type RefId = Brand<string, 'RefId'>

/** Points at a secret. Holds none: safe to log, store and compare. */
export interface SecretRef {
  readonly id: RefId
  /** Name of the provider instance that answers it. */
  readonly provider: string
  /** Canonical: equal secrets have equal keys. Only its own provider reads it. */
  readonly key: string
  /** As the user wrote it. */
  readonly text: string
}

export function createRef(provider: string, key: string, text: string): SecretRef {
  return { id: `${provider}:${key}` as RefId, provider, key, text }
}
