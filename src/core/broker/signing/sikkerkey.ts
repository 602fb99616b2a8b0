import { createHash, verify } from 'node:crypto'
import type { SigningProtocol } from './claim.ts'
import { MACHINE_ID } from './request-signature.ts'

/** Seconds since the epoch. */
const TIMESTAMP = /^[0-9]{1,12}$/
/** 16 random bytes in base64. */
const NONCE = /^[A-Za-z0-9+/]{22}==$/
/** 64 bytes in base64. */
const SIGNATURE = /^[A-Za-z0-9+/]{86}==$/

/**
 * SikkerKey's protocol: four headers, and an Ed25519 signature of `METHOD:PATH:seconds:nonce:SHA-256 of the
 * body`. It covers neither the host nor a query, so a request with a query is not one of this protocol.
 */
export const SIKKERKEY: SigningProtocol = {
  name: 'sikkerkey',
  mostSkewMs: 5 * 60_000,
  signsHost: false,
  read({ headers, target: { method, url }, body }) {
    const [machine = '', timestamp = '', nonce = '', signed = ''] = [
      'x-machine-id',
      'x-timestamp',
      'x-nonce',
      'x-signature',
    ].map((name) => (typeof headers[name] === 'string' ? headers[name] : ''))
    if (!MACHINE_ID.test(machine) || !TIMESTAMP.test(timestamp)) return undefined
    if (!NONCE.test(nonce) || !SIGNATURE.test(signed) || url.includes('?')) return undefined
    const signature = Buffer.from(signed, 'base64')
    return {
      machine,
      created: Number(timestamp),
      nonce,
      signature,
      isSignedBy: (key) =>
        verify(null, sikkerkeyText({ method, path: url, timestamp, nonce, body }), key, signature),
    }
  },
}

/** Returns the bytes that a signature of SikkerKey's protocol covers. `timestamp` and `nonce` as sent. */
export function sikkerkeyText(request: {
  readonly method: string
  readonly path: string
  readonly timestamp: string
  readonly nonce: string
  readonly body: Uint8Array
}): Uint8Array {
  const { method, path, timestamp, nonce, body } = request
  const digest = createHash('sha256').update(body).digest('hex')
  return Buffer.from([method, path, timestamp, nonce, digest].join(':'))
}
