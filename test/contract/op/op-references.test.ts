import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Secrets } from '@1password/sdk'
import * as fc from 'fast-check'
import { formatError, isLocketError } from '../../../src/core/vocabulary/errors.ts'
import { parseReference } from '../../../src/providers/op/references.ts'

// 1Password's SDK checks references without a network: it must accept all that locket accepts, and locket
// must refuse all that it refuses.

/** Whether the SDK takes it for a reference. */
function sdkTakes(text: string): boolean {
  try {
    Secrets.validateSecretReference(text)
    return true
  } catch (thrown) {
    // A text, no error: anything else would be a failure of another kind.
    assert.match(String(thrown), /"name":"ParsingSecretReference"/)
    return false
  }
}

/** The key, or undefined where we refuse it with an error that says why. */
function ourKey(text: string): string | undefined {
  try {
    const key = parseReference(text)
    assert.ok(key !== undefined, `${text} is taken for a foreign reference`)
    return key
  } catch (thrown) {
    assert.ok(isLocketError(thrown) && thrown.code === 'ref_syntax', text)
    return undefined
  }
}

const TAKEN = [
  'op://v/i/f',
  'op://v/i/s/f',
  'op://My Vault/My item/a-b_c.d',
  'op://v/i/f ',
  'op:// v/i/f',
  'op://./../f',
  'op://-/_/.',
  'op://v/i/f?attribute=otp',
  'op://v/i/f?attribute=totp',
  'op://v/i/s/f?attribute=otp',
  'op://v/i/f?ssh-format=openssh',
]
const REFUSED = [
  'op://v/i',
  'op://v',
  'op://',
  'op://v/i/s/f/g',
  'op://v/i/f?',
  'op://v/i/f?attribute',
  'op://v/i/f?attribute=',
  'op://v/i/f?attribute=OTP',
  ...['type', 'value', 'title', 'id', 'purpose', 'content', 'size', 'name'].map(
    (name) => `op://v/i/f?attribute=${name}`,
  ),
  'op://v/i/f?ssh-format=',
  'op://v/i/f?ssh-format=pem',
  'op://v/i/f?x=y',
  'op://v/i/f?attribute=otp&ssh-format=openssh',
  'op://v/i/f?attribute=otp&attribute=otp',
  ...'%#:+@&=()\'",;*!|\\~${}[]<>`^é\t\n\u00a0中'.split('').map((sign) => `op://v/i/f${sign}x`),
]

test('what the SDK takes is taken, and sent as it is', () => {
  for (const text of TAKEN) {
    assert.ok(sdkTakes(text), text)
    assert.equal(ourKey(text), text.replace('=totp', '=otp'), text)
  }
})

test('what the SDK refuses is refused', () => {
  for (const text of REFUSED) {
    assert.ok(!sdkTakes(text), text)
    assert.equal(ourKey(text), undefined, text)
  }
})

test('an empty part is refused, which the SDK would ask 1Password about', () => {
  for (const text of ['op://v//f', 'op:///i/f', 'op://v/i/', 'op://v/i//f', 'op://v/ /f'])
    assert.deepEqual([sdkTakes(text), ourKey(text)], [true, undefined], text)
})

test('percent-encoding and capitals of the scheme are ours: the SDK is sent what they stand for', () => {
  for (const text of ['OP://My Vault/i/f', 'op://My%20Vault/i/f', 'op://My%20Vault/%69/f']) {
    assert.ok(!sdkTakes(text), text)
    assert.equal(ourKey(text), 'op://My Vault/i/f')
  }
})

test('a refusal says what to write instead', () => {
  const messages: readonly (readonly [text: string, message: RegExp])[] = [
    [
      'op://Café/i/f',
      /^op:\/\/Café\/i\/f has "é" in its vault, .*\(write the vault's id in place of its name\)$/,
    ],
    ['op://v/a%2Fb/f', /has "\/" in its item, .*write the item's id/],
    ['op://v/i/s+/f', /has "\+" in its section, .*write the section's id/],
    ['op://v/i/p@ss', /has "@" in its field, .*\(write its id, or rename it\)$/],
    ['op://v/i/🔑', /has "🔑" in its field/],
    ['op://v/i/f?attribute=title', /asks for attribute=title.*\?attribute=otp or \?ssh-format=openssh\)$/],
  ]
  for (const [text, message] of messages)
    assert.throws(
      () => parseReference(text),
      (thrown) => isLocketError(thrown) && message.test(formatError(thrown)),
    )
})

const NAME = fc.string({ unit: fc.constantFrom(...'aZ09 _.-'.split('')), minLength: 1 })
const ANY_PART = fc.oneof(
  { weight: 4, arbitrary: NAME },
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom(...'a%2Fe9/?=& é'.split('')) }),
)
const QUERY = fc.oneof(
  { weight: 3, arbitrary: fc.constant('') },
  fc.constantFrom(
    '?attribute=otp',
    '?attribute=totp',
    '?ssh-format=openssh',
    '?attribute=value',
    '?',
    '?a=b&c=d',
  ),
  fc.string().map((text) => `?${text}`),
)
const TEXT = fc
  .tuple(
    fc.constantFrom('op://', 'op://', 'op://', 'OP://'),
    fc.array(ANY_PART, { minLength: 1, maxLength: 5 }),
    QUERY,
  )
  .map(([scheme, parts, query]) => scheme + parts.join('/') + query)

test('the SDK accepts every reference we send, and each reference we refuse would fail or differ', () => {
  let taken = 0
  fc.assert(
    fc.property(TEXT, (text) => {
      const key = ourKey(text)
      if (key !== undefined) {
        taken += 1
        assert.ok(sdkTakes(key), `${text} → ${key}`)
        assert.equal(parseReference(key), key)
      } else if (sdkTakes(text)) {
        // The SDK sees no harm in a part that is empty or blank.
        const path = text.slice('op://'.length).split('?')[0] ?? ''
        assert.ok(
          path.split('/').some((part) => part.trim() === ''),
          text,
        )
      }
      // Only our own spellings are taken beyond what the SDK takes.
      if (key !== undefined && !sdkTakes(text)) assert.match(text, /^OP|%/)
    }),
    { seed: 3, numRuns: 5000 },
  )
  assert.ok(taken > 300, `${taken} were taken`)
})
