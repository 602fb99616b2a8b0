import type { AuditHead } from './chain-rows.ts'
import { isSignatureOf, signBytes, toBase64, type Key } from '../keys.ts'

/** The head of a broker's audit at a time, signed by the broker's key. Later audits are checked by it. */
export interface SignedHead extends AuditHead {
  /** ISO 8601. */
  readonly time: string
  /** Ed25519 over `headStatement`, as base64. */
  readonly signature: string
}

/** Signs a head. `now`: milliseconds since the epoch. */
export function signHead({ seq, hash }: AuditHead, key: Key, now: number): SignedHead {
  const time = new Date(now).toISOString()
  return { seq, hash, time, signature: toBase64(signBytes(key, headStatement({ seq, hash, time }))) }
}

/** True when the head was signed by the key with this public half, 32 bytes. */
export function isSignedHead(head: SignedHead, publicKey: Uint8Array): boolean {
  return isSignatureOf(publicKey, headStatement(head), Buffer.from(head.signature, 'base64'))
}

/** Returns the bytes that are signed. The first line keeps the signature from fitting anything else. */
function headStatement({ seq, hash, time }: Omit<SignedHead, 'signature'>): Uint8Array {
  return new TextEncoder().encode(`locket-audit-head-v1\n${seq}\n${hash}\n${time}`)
}
