const PRINTED = '[secret]'

/**
 * A secret value: bytes that no printing path shows. Whoever holds it last calls `wipe`, which overwrites the bytes.
 * A class, because only `#bytes` keeps `util.inspect`, JSON and template literals out at once.
 */
export class Secret {
  #bytes: Uint8Array

  /** Takes ownership of `bytes`: they are zeroed by `wipe`. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** For values that reach us as a string (JSON answers). The string itself cannot be wiped: see docs/security. */
  static fromText(text: string): Secret {
    return new Secret(new TextEncoder().encode(text))
  }

  get byteLength(): number {
    return this.#bytes.byteLength
  }

  /** The bytes themselves, not a copy. The callers of this method are the security review: `test/architecture` lists them. */
  reveal(): Uint8Array {
    return this.#bytes
  }

  /** Bytes of its own: each of two holders wipes what it has. */
  copy(): Secret {
    return new Secret(this.#bytes.slice())
  }

  wipe(): void {
    this.#bytes.fill(0)
    this.#bytes = new Uint8Array(0)
  }

  toString(): string {
    return PRINTED
  }

  toJSON(): string {
    return PRINTED
  }

  [Symbol.toPrimitive](): string {
    return PRINTED
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return PRINTED
  }
}

/** Overwrites every secret of an answer that its receiver owns. */
export function wipeAll(secrets: Iterable<Secret>): void {
  for (const secret of secrets) secret.wipe()
}
