/** A request of grackleclub's protocol for one secret, as it was sent. Nothing of it is verified. */
export interface GrackleRequest {
  /** The name of the secret, encrypted for the broker, in base64. */
  readonly payload: string
  /** The Ed25519 signature, in base64. */
  readonly signature: string
  /** The RSA key that the value is encrypted for, as PEM. */
  readonly clientKey: string
  /** Seconds since the epoch. */
  readonly timestamp: number
  readonly nonce: string
}

/** Milliseconds that a client's clock may differ. */
export const GRACKLE_SKEW_MS = 30_000

/**
 * Returns the bytes that a signature covers. The four parts are joined by line feeds, so `name` and the nonce
 * must have none: else one signature could be read as that of another request.
 */
export function grackleText(
  name: string,
  { clientKey, timestamp, nonce }: Pick<GrackleRequest, 'clientKey' | 'timestamp' | 'nonce'>,
): Uint8Array {
  return Buffer.from([name, clientKey, String(timestamp), nonce].join('\n'))
}

/** Bytes of an Ed25519 signature. */
export const GRACKLE_SIGNATURE_BYTES = 64
