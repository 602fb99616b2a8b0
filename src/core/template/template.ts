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
  /** What looks like a mistake but passes: a tag with an unknown scheme, one line each. */
  readonly warnings: readonly string[]
}

/** Pure. `undefined`: no reference of ours, leave the text alone. Throws `ref_syntax`: a known scheme, malformed. */
export type ParseRef = (text: string) => SecretRef | undefined
