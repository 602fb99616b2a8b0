import assert from 'node:assert/strict'
import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto'
import { test } from 'node:test'
import {
  assert as holds,
  array,
  constantFrom,
  integer,
  property,
  string,
  stringMatching,
  uniqueArray,
} from 'fast-check'
import {
  byteSequence,
  formatSignatureInput,
  parseSignature,
  parseSignatureInput,
  signatureBase,
} from './signature-fields.ts'

/** The key `test-key-ed25519` of RFC 9421, appendix B.1.4. */
const RFC_KEY = createPrivateKey(
  '-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF\n-----END PRIVATE KEY-----\n',
)

test('the signature of RFC 9421, B.2.6 is made and verified', () => {
  const header =
    'sig-b26=("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519"'
  const input = parseSignatureInput(header)
  assert.ok(input !== undefined)
  assert.deepEqual(input.parameters, { created: 1618884473, keyid: 'test-key-ed25519' })
  const base = signatureBase(
    input,
    new Map([
      ['"date"', 'Tue, 20 Apr 2021 02:07:55 GMT'],
      ['"@method"', 'POST'],
      ['"@path"', '/foo'],
      ['"@authority"', 'example.com'],
      ['"content-type"', 'application/json'],
      ['"content-length"', '18'],
    ]),
  )
  const published =
    'sig-b26=:wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==:'
  const given = parseSignature(published)
  assert.ok(given !== undefined && base !== undefined)
  assert.ok(verify(null, Buffer.from(base), createPublicKey(RFC_KEY), given.signature))
  assert.equal(`sig-b26=${byteSequence(sign(null, Buffer.from(base), RFC_KEY))}`, published)
})

const component = stringMatching(/^"[@a-z][a-z-]{0,20}"(;req)?$/)
const text = stringMatching(/^[ !#-[\]-~]{0,40}$/)

test('what is written is read again, byte for byte', () => {
  holds(
    property(
      uniqueArray(component, { maxLength: 16 }),
      integer({ min: 0, max: 999_999_999_999_999 }),
      text,
      text,
      (components, created, nonce, keyid) => {
        const parameters = { created, nonce, keyid }
        const written = formatSignatureInput(components, parameters)
        const read = parseSignatureInput(`a=${written}`)
        assert.deepEqual(read, { label: 'a', components, parameters, text: written })
      },
    ),
  )
})

test('any text is read or refused, and a text that is read is canonical', () => {
  const piece = constantFrom(
    'locket',
    '=',
    '(',
    ')',
    '"',
    '@method',
    ' ',
    ';',
    'created',
    '1',
    ',',
    '\\',
    ':',
  )
  holds(
    property(array(piece, { maxLength: 20 }), string(), (pieces, tail) => {
      for (const header of [pieces.join(''), pieces.join('') + tail]) {
        const read = parseSignatureInput(header)
        parseSignature(header)
        if (read !== undefined)
          assert.equal(`${read.label}=${formatSignatureInput(read.components, read.parameters)}`, header)
      }
    }),
  )
})

test('a header that is not in the one canonical form is refused', () => {
  const rest = ';created=1'
  for (const header of [
    '',
    'a=',
    'A=()',
    `a=("@method"  "@path")${rest}`,
    `a=( "@method")${rest}`,
    `a=("@method" )${rest}`,
    `a=("@method")${rest} `,
    `a=("@method")${rest}, b=("@path")${rest}`,
    `a=("@method")${rest};created=2`,
    'a=("@method");created="1"',
    'a=("@method");nonce=1',
    'a=("@method");expires=1',
    'a=("@method");__proto__="x"',
    'a=("@method");created=1234567890123456',
    'a=("@method");created=-1',
    'a=("@met\\"hod")',
    'a="@method"',
    `a=(${'"x" '.repeat(16)}"y")`,
    `a=(${'"x" '.repeat(600)}"y")`,
  ])
    assert.equal(parseSignatureInput(header), undefined, header.slice(0, 80))
  const good = 'A'.repeat(85)
  for (const header of [`a=:${good}B==:`, `a=${good}A==`, `a=:${good}A==:, b=:${good}A==:`, `a=:${good}A=:`])
    assert.equal(parseSignature(header), undefined, header)
  assert.ok(parseSignature(`a=:${good}A==:`) !== undefined)
})

test('a base has each component once, and no value begins another line', () => {
  const input = (components: string[]) => ({ components, text: '()' })
  const values = new Map([
    ['"a"', 'x'],
    ['"b"', 'x\n"@method": GET'],
  ])
  assert.equal(signatureBase(input(['"a"']), values), '"a": x\n"@signature-params": ()')
  for (const components of [['"a"', '"a"'], ['"b"'], ['"c"']])
    assert.equal(signatureBase(input(components), values), undefined)
})
