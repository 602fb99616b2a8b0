import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

const LETTERS = 'abcdefghijklmnopqrstuvwxyz234567'
/** Letters of an id or a token: five bits each, 130 in all. */
const LENGTH = 26

/** Returns a new id of a machine: `m_` and 26 letters and digits. */
export function createMachineId(): string {
  return `m_${randomWord()}`
}

/** Returns a new id of the session of a workload: `w_` and 26 letters and digits. */
export function createSessionId(): string {
  return `w_${randomWord()}`
}

/** Returns a new nonce of a request: 128 random bits. */
export function createNonce(): string {
  return randomBytes(16).toString('base64url')
}

/** Returns a new token of 130 random bits: `le_` and 26 letters and digits for the prefix `le`. */
export function createToken(prefix: string): string {
  return `${prefix}_${randomWord()}`
}

/** Returns the SHA-256 of a token, which is stored in its place: a token has enough bits for that. */
export function tokenHash(token: string): string {
  return createHash('sha256').update(token).digest('base64url')
}

/** True when the texts are equal. The time that it takes says nothing about where they differ. */
export function isSameToken(one: string, other: string): boolean {
  return timingSafeEqual(
    createHash('sha256').update(one).digest(),
    createHash('sha256').update(other).digest(),
  )
}

function randomWord(): string {
  return [...randomBytes(LENGTH)].map((byte) => LETTERS[byte & 31]).join('')
}
