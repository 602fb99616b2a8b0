const PRINTED = '[secret]'

/**
 * A secret value: bytes that no printing path shows. The last holder must call `wipe`, which overwrites the
 * bytes. It is a class because a `#` field is hidden from `util.inspect`, JSON and template literals alike.
 */
export class Secret {
  #bytes: Uint8Array

  /** Takes ownership of `bytes`: they are zeroed by `wipe`. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /**
   * Makes a secret from a string, such as a part of a JSON answer. The string itself cannot be wiped: see
   * docs/guides/security.md.
   */
  static fromText(text: string): Secret {
    return new Secret(new TextEncoder().encode(text))
  }

  get byteLength(): number {
    return this.#bytes.byteLength
  }

  /**
   * Returns the bytes themselves, not a copy. `test/architecture` lists the files that call this: that list
   * is the security review.
   */
  reveal(): Uint8Array {
    return this.#bytes
  }

  /** Returns a secret with its own copy of the bytes. Each holder wipes its own. */
  copy(): Secret {
    // `slice` of a Buffer would share its memory, and wiping one would wipe the other.
    return new Secret(new Uint8Array(this.#bytes))
  }

  /** Overwrites the bytes with zeros. The secret is empty afterwards. */
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

/** Calls `wipe` on each of the secrets. */
export function wipeAll(secrets: Iterable<Secret>): void {
  for (const secret of secrets) secret.wipe()
}
