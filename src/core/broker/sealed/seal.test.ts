import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assert as holds, integer, property, uint8Array } from 'fast-check'
import { createSealingKey, createSigningKey, rawPublicKey, sealingKeyOf, sharedSecret } from '../keys.ts'
import { openSealed, sealAnswer } from './seal.ts'

const SERVER = createSealingKey()
const MACHINE = sealingKeyOf(createSigningKey())
const machine = rawPublicKey(MACHINE)
const PAIR = { server: rawPublicKey(SERVER), machine, shared: sharedSecret(SERVER, machine) }
const REQUEST = new Uint8Array(64).fill(1)

test('a machine opens what is sealed for it', () => {
  holds(
    property(uint8Array({ maxLength: 300 }), (plain) => {
      const sealed = sealAnswer(plain, PAIR, REQUEST)
      assert.deepEqual(openSealed(sealed, MACHINE, REQUEST), plain)
    }),
  )
})

test('another machine, another request and a changed byte open nothing', () => {
  const sealed = sealAnswer(Buffer.from('canary'), PAIR, REQUEST)
  assert.ok(!Buffer.from(sealed).includes('canary'))
  assert.equal(openSealed(sealed, sealingKeyOf(createSigningKey()), REQUEST), undefined)
  assert.equal(openSealed(sealed, MACHINE, new Uint8Array(64).fill(2)), undefined)
  holds(
    property(integer({ min: 0, max: sealed.byteLength - 1 }), integer({ min: 1, max: 255 }), (at, mask) => {
      const changed = sealed.slice()
      changed[at] = (changed[at] ?? 0) ^ mask
      assert.equal(openSealed(changed, MACHINE, REQUEST), undefined)
    }),
  )
  for (const length of [0, 1, 44, 60, sealed.byteLength - 1])
    assert.equal(openSealed(sealed.slice(0, length), MACHINE, REQUEST), undefined)
})

test('one answer sealed twice differs', () => {
  assert.notDeepEqual(sealAnswer(REQUEST, PAIR, REQUEST), sealAnswer(REQUEST, PAIR, REQUEST))
})

test('the sealing key of a machine follows from its signing key alone', () => {
  const signing = createSigningKey()
  assert.deepEqual(rawPublicKey(sealingKeyOf(signing)), rawPublicKey(sealingKeyOf(signing)))
  assert.notDeepEqual(rawPublicKey(sealingKeyOf(signing)), rawPublicKey(signing))
})

test('a public key of small order is refused, because everyone knows its secret', () => {
  assert.throws(() => sharedSecret(SERVER, new Uint8Array(32)))
})
