import { sign, verify, type KeyObject } from 'node:crypto'
import { contentDigest, isDigestOf } from './content-digest.ts'
import {
  byteSequence,
  formatSignatureInput,
  parseSignature,
  parseSignatureInput,
  signatureBase,
  type SignatureInput,
} from './signature-fields.ts'

/** The parts of a request that its signature covers, as they are on the wire. */
export interface RequestTarget {
  readonly method: string
  /** The header `Host`, in lower case. */
  readonly authority: string
  /** The path with its query: `/v2/watch?since=7`. */
  readonly url: string
}

/** The headers that carry a signature. */
export type SignatureHeaders = Readonly<Record<'content-digest' | 'signature-input' | 'signature', string>>

/** The signature of a request as it was sent. Nothing in it is verified yet. */
interface ClaimedSignature {
  readonly machine: string
  /** Seconds since the epoch. */
  readonly created: number
  readonly nonce: string
  readonly signature: Uint8Array
  readonly digest: string
  readonly input: SignatureInput
}

/** The label of our signatures, in requests and answers. */
export const SIGNATURE_LABEL = 'locket'
const TAG = 'locket-v2'
const ALGORITHM = 'ed25519'
const COMPONENTS = ['"@method"', '"@authority"', '"@path"', '"@query"', '"content-digest"'] as const

/** The form of a machine's id, and of a workload's session. */
export const MACHINE_ID = /^[mw]_[a-z0-9]{26}$/
/** 128 random bits at least, in base64url. */
const NONCE = /^[A-Za-z0-9_-]{22,44}$/

/** Returns the headers that sign a request. `nonce` must be new for each request: 16 random bytes. */
export function signRequest(
  target: RequestTarget,
  body: Uint8Array,
  by: {
    readonly key: KeyObject
    readonly machine: string
    /** Milliseconds since the epoch. */
    readonly now: number
    readonly nonce: string
  },
): SignatureHeaders {
  const digest = contentDigest(body)
  const created = Math.floor(by.now / 1000)
  const text = formatSignatureInput(COMPONENTS, {
    created,
    nonce: by.nonce,
    keyid: by.machine,
    alg: ALGORITHM,
    tag: TAG,
  })
  const base = signatureBase({ components: COMPONENTS, text }, valuesOf(target, digest))
  if (base === undefined) throw new RangeError('a request that cannot be signed')
  return {
    'content-digest': digest,
    'signature-input': `${SIGNATURE_LABEL}=${text}`,
    signature: `${SIGNATURE_LABEL}=${byteSequence(sign(null, Buffer.from(base), by.key))}`,
  }
}

/**
 * Reads the headers of a signed request. Undefined: they are missing, malformed, or not of this protocol: it
 * must cover exactly the five components in their order, and have all of `created`, `nonce`, `keyid`, `alg`
 * and `tag`.
 */
export function readRequestSignature(
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
): ClaimedSignature | undefined {
  const [digest, inputText, text] = ['content-digest', 'signature-input', 'signature'].map((name) =>
    typeof headers[name] === 'string' ? headers[name] : undefined,
  )
  if (digest === undefined || inputText === undefined || text === undefined) return undefined
  const input = parseSignatureInput(inputText)
  const given = parseSignature(text)
  if (input?.label !== SIGNATURE_LABEL || given?.label !== SIGNATURE_LABEL) return undefined
  const { created, nonce = '', keyid = '', alg, tag } = input.parameters
  if (alg !== ALGORITHM || tag !== TAG || created === undefined) return undefined
  if (!isSame(input.components, COMPONENTS) || !MACHINE_ID.test(keyid) || !NONCE.test(nonce)) return undefined
  return { machine: keyid, created, nonce, signature: given.signature, digest, input }
}

/** True when the key made this signature over this request and body. */
export function isSignedBy(
  key: KeyObject,
  { input, signature, digest }: ClaimedSignature,
  target: RequestTarget,
  body: Uint8Array,
): boolean {
  const base = signatureBase(input, valuesOf(target, digest))
  return base !== undefined && isDigestOf(digest, body) && verify(null, Buffer.from(base), key, signature)
}

/** True when the lists have the same texts in the same order. */
export function isSame(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((text, index) => text === other[index])
}

function valuesOf({ method, authority, url }: RequestTarget, digest: string): ReadonlyMap<string, string> {
  const query = url.indexOf('?')
  return new Map<(typeof COMPONENTS)[number], string>([
    ['"@method"', method],
    ['"@authority"', authority],
    ['"@path"', query === -1 ? url : url.slice(0, query)],
    // RFC 9421, section 2.2.7: an absent query is `?`.
    ['"@query"', query === -1 ? '?' : url.slice(query)],
    ['"content-digest"', digest],
  ])
}
