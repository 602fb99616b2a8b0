import assert from 'node:assert/strict'
import { test } from 'node:test'
import { apply, failure } from '../../../test/support/apply-filter.ts'
import { totp } from './totp.ts'

/** The keys of RFC 6238, appendix B, in base32: 20, 32 and 64 bytes of 1234567890… */
const SHA1_SEED = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'
const SHA256_SEED = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZA'
const SHA512_SEED =
  'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNA'

const RFC_6238: [seconds: number, sha1: string, sha256: string, sha512: string][] = [
  [59, '94287082', '46119246', '90693936'],
  [1111111109, '07081804', '68084774', '25091201'],
  [1111111111, '14050471', '67062674', '99943326'],
  [1234567890, '89005924', '91819424', '93441116'],
  [2000000000, '69279037', '90698825', '38618901'],
  [20000000000, '65353130', '77737706', '47863826'],
]

test('totp gives the codes of RFC 6238 for SHA1, SHA256 and SHA512', () => {
  for (const [seconds, sha1, sha256, sha512] of RFC_6238) {
    const nowMs = seconds * 1000
    const code = (seed: string, algorithm: string) =>
      apply(totp, `otpauth://totp/Acme:me?secret=${seed}&issuer=Acme&digits=8&algorithm=${algorithm}`, {
        nowMs,
      })
    assert.equal(code(SHA1_SEED, 'SHA1'), sha1)
    assert.equal(code(SHA256_SEED, 'SHA256'), sha256)
    assert.equal(code(SHA512_SEED, 'SHA512'), sha512)
  }
})

test('a bare seed gives six digits of SHA1 each 30 seconds, leading zeros kept', () => {
  assert.equal(apply(totp, SHA1_SEED, { nowMs: 59_999 }), '287082')
  assert.equal(apply(totp, SHA1_SEED, { nowMs: 1_111_111_109_000 }), '081804')
})

test('spaces, dashes, padding, small letters and a line break around a seed do not matter', () => {
  for (const seed of [
    ` ${SHA1_SEED}\n`,
    SHA1_SEED.toLowerCase(),
    SHA1_SEED.replace(/.{4}/g, '$& '),
    SHA1_SEED.replace(/.{4}/g, '$&-').slice(0, -1),
    `${SHA1_SEED}====`,
    `otpauth://totp/?secret=${SHA1_SEED.replace(/.{4}/g, '$&%20')}`,
    `otpauth://totp/x?secret=${SHA1_SEED}%3D%3D&algorithm=sha-1&digits=6&period=30`,
    `OTPAUTH://TOTP/x?secret=${SHA1_SEED}&algorithm=HmacSHA1`,
  ]) {
    assert.equal(apply(totp, seed, { nowMs: 59_000 }), '287082', seed)
  }
})

test('the period of the URI is used', () => {
  const uri = `otpauth://totp/x?secret=${SHA1_SEED}&period=60`
  assert.equal(apply(totp, uri, { nowMs: 60_000 }), apply(totp, uri, { nowMs: 119_999 }))
  assert.equal(apply(totp, uri, { nowMs: 60_000 }), '287082')
})

test('a value without a code is refused, and the message does not show it', () => {
  const seed = SHA1_SEED
  const table: [string, RegExp][] = [
    ['', /holds no base32 seed/],
    ['CANARY-0189', /holds no base32 seed/],
    ['otpauth://totp/x', /holds no base32 seed/],
    [`otpauth://totp/x?secret=CANARY0189`, /holds no base32 seed/],
    [`otpauth://hotp/x?secret=${seed}&counter=1`, /another kind of code than totp/],
    [`otpauth://steam/x?secret=${seed}`, /another kind of code than totp/],
    [`otpauth://totp/x?secret=${seed}&encoder=steam`, /another kind of code than totp/],
    [`otpauth://totp/x?secret=${seed}&algorithm=MD5`, /algorithm of the otpauth URI/],
    [`otpauth://totp/x?secret=${seed}&digits=11`, /digits of the otpauth URI must be from 1 to 10/],
    [`otpauth://totp/x?secret=${seed}&digits=`, /digits of the otpauth URI/],
    [`otpauth://totp/x?secret=${seed}&period=0`, /period of the otpauth URI/],
    [`otpauth://[CANARY/x?secret=${seed}`, /otpauth URI cannot be read/],
  ]
  for (const [value, reason] of table) {
    const message = failure(totp, value)
    assert.match(message, reason)
    assert.ok(!message.includes('CANARY') && !message.includes(seed), message)
  }
  assert.equal(failure(totp, Uint8Array.of(0xff)), 'the value is not UTF-8 text')
})
