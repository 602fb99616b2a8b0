/** One encoded value of ASN.1 in DER (ITU-T X.690). Only writing is needed, and only of the types below. */
export type Der = Uint8Array

/** Returns the value with its tag and length. */
function tagged(tag: number, ...parts: readonly Uint8Array[]): Der {
  const content = Buffer.concat(parts)
  const { byteLength: length } = content
  const digits: number[] = []
  for (let rest = length; rest > 0; rest >>>= 8) digits.unshift(rest & 0xff)
  const head = length < 0x80 ? [tag, length] : [tag, 0x80 | digits.length, ...digits]
  return Buffer.concat([Uint8Array.from(head), content])
}

/** A SEQUENCE of values in their order. */
export const sequence = (...parts: readonly Der[]): Der => tagged(0x30, ...parts)
/** A SET with one value. */
export const setOf = (part: Der): Der => tagged(0x31, part)
/** BOOLEAN TRUE. */
export const TRUE: Der = Uint8Array.of(0x01, 0x01, 0xff)
/** An OCTET STRING. */
export const octets = (bytes: Uint8Array): Der => tagged(0x04, bytes)
/** A UTF8String. */
export const utf8 = (text: string): Der => tagged(0x0c, Buffer.from(text))
/** A BIT STRING whose last `unused` bits do not count. */
export const bits = (bytes: Uint8Array, unused = 0): Der => tagged(0x03, Uint8Array.of(unused), bytes)
/** A value with the explicit tag `[number]`, around one or several values. */
export const explicit = (number: number, ...parts: readonly Der[]): Der => tagged(0xa0 | number, ...parts)
/** A primitive value with the implicit tag `[number]`. */
export const implicit = (number: number, bytes: Uint8Array): Der => tagged(0x80 | number, bytes)

/** An INTEGER that is not negative, from its bytes, the highest first. */
export function integer(bytes: Uint8Array): Der {
  const first = bytes.findIndex((byte) => byte !== 0)
  const digits = first === -1 ? Uint8Array.of(0) : bytes.subarray(first)
  return tagged(0x02, (digits[0] ?? 0) & 0x80 ? Buffer.concat([Uint8Array.of(0), digits]) : digits)
}

/** An OBJECT IDENTIFIER: `2.5.4.3`. */
export function oid(text: string): Der {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number)
  return tagged(0x06, Uint8Array.from([40 * first + second, ...rest.flatMap(base128)]))
}

/** A moment, to the second: UTCTime up to 2049, then GeneralizedTime (RFC 5280, 4.1.2.5). */
export function time(ms: number): Der {
  const text = new Date(ms).toISOString().replaceAll(/[-:T]|\.\d+/g, '')
  return Number(text.slice(0, 4)) < 2050
    ? tagged(0x17, Buffer.from(text.slice(2)))
    : tagged(0x18, Buffer.from(text))
}

function base128(value: number): number[] {
  const digits = [value & 0x7f]
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) digits.unshift((rest & 0x7f) | 0x80)
  return digits
}
