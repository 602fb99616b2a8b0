import { hash, timingSafeEqual } from 'node:crypto'

const DIGEST = /^sha-256=:([A-Za-z0-9+/]{43}=):$/

/** Returns the header `Content-Digest` of a body (RFC 9530) with SHA-256. */
export function contentDigest(body: Uint8Array): string {
  return `sha-256=:${hash('sha256', body, 'base64')}:`
}

/** True when the header is exactly the SHA-256 digest of the body. Other algorithms are not accepted. */
export function isDigestOf(header: string | undefined, body: Uint8Array): boolean {
  const claimed = DIGEST.exec(header ?? '')?.[1]
  if (claimed === undefined) return false
  return timingSafeEqual(Buffer.from(claimed, 'base64'), hash('sha256', body, 'buffer'))
}
