import { Secret, TOTP } from 'otpauth'
import { bytesOf, defineFilter, filterFailed, decodeValue } from './define.ts'

interface Generator {
  readonly secret: string
  readonly algorithm: string
  readonly digits: number
  /** Seconds. */
  readonly period: number
}

/** Filter `totp`: generates the current one-time code (RFC 6238) from an otpauth URI or a base32 seed. */
export const totp = defineFilter({
  name: 'totp',
  summary:
    'the current one-time code of an otpauth://totp URI or base32 seed; it is stale after one period, mostly 30 seconds',
  parameters: [],
  apply(value, _args, { nowMs }) {
    const text = decodeValue(value).trim()
    const { secret, ...settings } = /^otpauth:/i.test(text) ? fromUri(text) : fromSeed(text)
    const key = Secret.fromBase32(secret)
    try {
      return bytesOf(new TOTP({ secret: key, ...settings }).generate({ timestamp: nowMs }))
    } finally {
      key.bytes.fill(0)
    }
  },
})

/**
 * Reads an otpauth URI. The package `otpauth` is not used for it, because it refuses URIs that exist in
 * practice: with an empty label, spaces in the secret, or `SHA-256`.
 */
function fromUri(text: string): Generator {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined) throw filterFailed('the otpauth URI cannot be read')
  const setting = (name: string) => url.searchParams.get(name) ?? undefined
  if (url.host.toLowerCase() !== 'totp' || setting('encoder') !== undefined) {
    throw filterFailed('the otpauth URI is for another kind of code than totp')
  }
  return {
    ...fromSeed(setting('secret') ?? ''),
    algorithm: algorithmOf(setting('algorithm') ?? 'SHA1'),
    digits: countOf('digits', setting('digits') ?? '6', 10),
    period: countOf('period', setting('period') ?? '30', 86_400),
  }
}

function fromSeed(text: string): Generator {
  const secret = text.replace(/[\s=-]/g, '').toUpperCase()
  if (!/^[A-Z2-7]{2,}$/.test(secret))
    throw filterFailed(
      'the value holds no base32 seed',
      'name the field with the otpauth:// address or the seed',
    )
  return { secret, algorithm: 'SHA1', digits: 6, period: 30 }
}

function algorithmOf(text: string): string {
  const size = /^(?:hmac-?)?sha-?(1|256|512)$/i.exec(text)?.[1]
  if (size === undefined) throw filterFailed('the algorithm of the otpauth URI is not SHA1, SHA256 or SHA512')
  return `SHA${size}`
}

function countOf(name: string, text: string, most: number): number {
  const count = /^[0-9]{1,5}$/.test(text) ? Number(text) : 0
  if (count < 1 || count > most)
    throw filterFailed(`the ${name} of the otpauth URI must be from 1 to ${most}`)
  return count
}
