import type { SecretRef } from '../vocabulary/ref.ts'

/** One filter of a tag with its arguments: `| name arg…`. */
export interface FilterCall {
  readonly name: string
  readonly args: readonly string[]
}

/** A part of a template: text that is copied, or a tag that is replaced by a secret. */
export type Segment =
  | { readonly kind: 'text'; readonly bytes: Uint8Array }
  | {
      readonly kind: 'secret'
      readonly ref: SecretRef
      readonly filters: readonly FilterCall[]
      /** The tag as written, for the policy `passthrough`. */
      readonly raw: string
      readonly line: number
      readonly column: number
    }

/** A parsed template. The segments in order make up the whole text. */
export interface Template {
  readonly segments: readonly Segment[]
  /** The distinct references, in the order in which they first appear. */
  readonly refs: readonly SecretRef[]
  /** Likely mistakes that are not errors, one line each, such as a tag with an unknown scheme. */
  readonly warnings: readonly string[]
}

/**
 * Parses a reference. It is a pure function. Returns undefined for other text, which the template keeps.
 * Throws `ref_syntax` for a malformed reference.
 */
export interface ParseRef {
  (text: string): SecretRef | undefined
  /** Schemes that mark a reference even where it cannot be parsed: `op`, `local`. */
  readonly schemes?: readonly string[]
}
