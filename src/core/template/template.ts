import type { SecretRef } from '../vocabulary/ref.ts'

/** One `| name arg…` of a tag. */
export interface FilterCall {
  readonly name: string
  readonly args: readonly string[]
}

export type Segment =
  | { readonly kind: 'text'; readonly bytes: Uint8Array }
  | {
      readonly kind: 'secret'
      readonly ref: SecretRef
      readonly filters: readonly FilterCall[]
      /** The tag as written, for `passthrough`. */
      readonly raw: string
      readonly line: number
      readonly column: number
    }

export interface Template {
  readonly segments: readonly Segment[]
  /** Distinct refs, in order of appearance. */
  readonly refs: readonly SecretRef[]
  /** Likely mistakes that are no errors, one line each: a tag with an unknown scheme. */
  readonly warnings: readonly string[]
}

/** Parses a reference. Pure. Returns undefined for other text, which stays as it is. Throws `ref_syntax` for a malformed reference. */
export interface ParseRef {
  (text: string): SecretRef | undefined
  /** Schemes that mark a reference even where it cannot be parsed: `op`, `local`. */
  readonly schemes?: readonly string[]
}
