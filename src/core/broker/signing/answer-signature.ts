import { sign, verify, type KeyObject } from 'node:crypto'
import { contentDigest, isDigestOf } from './content-digest.ts'
import { isSame, SIGNATURE_LABEL, type SignatureHeaders } from './request-signature.ts'
import {
  byteSequence,
  formatSignatureInput,
  parseSignature,
  parseSignatureInput,
  signatureBase,
} from './signature-fields.ts'

/** An answer to a signed request. */
export interface SignedAnswer {
  readonly status: number
  /** The header `Content-Type`: it tells whether the body is sealed. */
  readonly contentType: string
  readonly body: Uint8Array
  /** The signature of the request. An answer to another request has another one. */
  readonly requestSignature: Uint8Array
}

const TAG = 'locket-v2-answer'
const ALGORITHM = 'ed25519'
const OF_REQUEST = `"signature";req;key="${SIGNATURE_LABEL}"`
const COMPONENTS = ['"@status"', '"content-type"', '"content-digest"', OF_REQUEST] as const

/** Returns the headers that sign an answer with the server's key (RFC 9421, section 2.4). */
export function signAnswer(
  answer: SignedAnswer,
  by: {
    readonly key: KeyObject
    /** Milliseconds since the epoch. */
    readonly now: number
  },
): SignatureHeaders {
  const digest = contentDigest(answer.body)
  const created = Math.floor(by.now / 1000)
  const text = formatSignatureInput(COMPONENTS, { created, alg: ALGORITHM, tag: TAG })
  const base = signatureBase({ components: COMPONENTS, text }, valuesOf(answer, digest))
  if (base === undefined) throw new RangeError('an answer that cannot be signed')
  return {
    'content-digest': digest,
    'signature-input': `${SIGNATURE_LABEL}=${text}`,
    signature: `${SIGNATURE_LABEL}=${byteSequence(sign(null, Buffer.from(base), by.key))}`,
  }
}

/** True when the server's key signed this answer to this request. `header` returns a header by its name. */
export function isAnswerOf(
  key: KeyObject,
  answer: SignedAnswer,
  header: (name: string) => string | undefined,
): boolean {
  const digest = header('content-digest')
  const input = parseSignatureInput(header('signature-input') ?? '')
  const given = parseSignature(header('signature') ?? '')
  if (digest === undefined || input?.label !== SIGNATURE_LABEL || given?.label !== SIGNATURE_LABEL)
    return false
  const { alg, tag } = input.parameters
  if (alg !== ALGORITHM || tag !== TAG || !isSame(input.components, COMPONENTS)) return false
  const base = signatureBase(input, valuesOf(answer, digest))
  return (
    base !== undefined &&
    isDigestOf(digest, answer.body) &&
    verify(null, Buffer.from(base), key, given.signature)
  )
}

function valuesOf(
  { status, contentType, requestSignature }: SignedAnswer,
  digest: string,
): ReadonlyMap<string, string> {
  return new Map<(typeof COMPONENTS)[number], string>([
    ['"@status"', String(status)],
    ['"content-type"', contentType],
    ['"content-digest"', digest],
    [OF_REQUEST, byteSequence(requestSignature)],
  ])
}
