import type { Key } from '../keys.ts'
import { isSignedBy, readRequestSignature, type RequestTarget } from './request-signature.ts'

/** A request whose signature can be checked. */
export interface SignedRequest {
  readonly target: RequestTarget
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly body: Uint8Array
}

/** The facts that a request claims. Nothing is verified before `isSignedBy` has returned true. */
export interface Claim {
  readonly machine: string
  /** Seconds since the epoch. */
  readonly created: number
  readonly nonce: string
  readonly signature: Uint8Array
  /** True when the Ed25519 key made the signature over this request and its body. */
  isSignedBy(key: Key): boolean
}

/** A way to sign requests. */
export interface SigningProtocol {
  readonly name: string
  /** Milliseconds that a machine's clock may differ. */
  readonly mostSkewMs: number
  /** The signature covers the host, so a request for another broker is refused. */
  readonly signsHost: boolean
  /** Reads the headers. Undefined: they are missing, malformed, or not of this protocol. */
  read(request: SignedRequest): Claim | undefined
}

/** The protocol of locket itself: RFC 9421. */
export const LOCKET_V2: SigningProtocol = {
  name: 'locket-v2',
  mostSkewMs: 60_000,
  signsHost: true,
  read({ headers, target, body }) {
    const claimed = readRequestSignature(headers)
    if (claimed === undefined) return undefined
    return { ...claimed, isSignedBy: (key) => isSignedBy(key, claimed, target, body) }
  },
}
