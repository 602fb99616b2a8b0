import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { encrypted } from '../../../test/fixtures/servers/bws-crypto.ts'
import { isLocketError } from '../../core/vocabulary/errors.ts'
import { decryptEncString, isSealedWith, parseEncString } from './enc-string.ts'

const WHAT = 'bws at http://x sent a value'
const KEY = randomBytes(64)

function decrypt(text: string, key: Uint8Array = KEY): Uint8Array {
  return decryptEncString(parseEncString(text, WHAT), key, WHAT)
}

function problemOf(text: string): string {
  try {
    decrypt(text)
  } catch (thrown) {
    assert.ok(isLocketError(thrown) && thrown.code === 'provider_protocol')
    assert.equal(thrown.cause, undefined)
    return thrown.message
  }
  return ''
}

test('decryption restores any content', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (plain) => {
      assert.deepEqual(new Uint8Array(decrypt(encrypted(KEY, plain))), plain)
    }),
  )
})

test('a string that was changed or has another key is not decrypted', () => {
  const text = encrypted(KEY, Buffer.from('canary-9f2c-value'))
  const parts = text.slice(2).split('|')
  for (const [index, part] of parts.entries()) {
    const bytes = Buffer.from(part, 'base64')
    for (const at of [0, bytes.length - 1]) {
      const changed = Buffer.from(bytes)
      changed[at] = (changed[at] ?? 0) ^ 1
      const odd = `2.${parts.with(index, changed.toString('base64')).join('|')}`
      assert.equal(isSealedWith(parseEncString(odd, WHAT), KEY), false)
      assert.match(problemOf(odd), /whose MAC does not match/)
    }
  }
  assert.throws(() => decrypt(text, randomBytes(64)), { code: 'provider_protocol' })
})

test('a message names another type and quotes no text', () => {
  assert.match(problemOf('0.AAAA|BBBB'), /without a MAC \(type 0\)/)
  assert.match(problemOf('7.AAAA'), /in a newer way than this locket knows \(type 7\)/)
  assert.match(problemOf('4.AAAA'), /in a way that locket does not know \(type 4\)$/)
  const [iv, body, mac] = encrypted(KEY, Buffer.from('x')).slice(2).split('|')
  const malformed = [
    'canary',
    '',
    '2',
    '2.',
    '2.canary',
    'canary.a|b|c',
    `2.${iv}|${body}`,
    `2.${iv}|${body}|${mac}|`,
    `2.${iv}|${body}|canary`,
    `2.|${body}|${mac}`,
    `2.${iv}|ca nary|${mac}`,
    `2.${iv}|${body}|${mac?.slice(0, 8)}`,
  ]
  for (const text of malformed)
    assert.equal(problemOf(text), `${WHAT} that is not encrypted as Bitwarden does`, text)
})
