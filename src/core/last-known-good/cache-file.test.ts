import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { assert as holds, integer, property, uint8Array } from 'fast-check'
import { Secret } from '../vocabulary/secret.ts'
import { formatCache, parseCache } from './cache-file.ts'
import { volumeKeys } from './keys.ts'
import { placeOf, seal, unseal, type Binding } from './sealed-value.ts'
import { whyUnusable } from './usable.ts'

const hostKey = new Secret(randomBytes(32))
const keys = volumeKeys(hostKey, 'v')
const binding: Binding = { volume: 'v', server: 's', reference: 'r', savedAt: 1000 }
const text = (secret: Secret | undefined) => secret && Buffer.from(secret.reveal()).toString()

test('a value can be opened for what it was sealed for', () => {
  const sealed = seal(keys, binding, Secret.fromText('value'))
  assert.equal(text(unseal(keys, binding, sealed)), 'value')
  assert.equal(sealed.place, placeOf(keys, binding))
  assert.equal(text(unseal(keys, binding, seal(keys, binding, Secret.fromText('')))), '')
})

test('a value cannot be opened for another volume, server, reference, time or key', () => {
  const sealed = seal(keys, binding, Secret.fromText('value'))
  for (const other of [{ volume: 'w' }, { server: 't' }, { reference: 'q' }])
    assert.equal(unseal(keys, { ...binding, ...other }, sealed), undefined, JSON.stringify(other))
  assert.equal(unseal(keys, binding, { ...sealed, savedAt: 1001 }), undefined)
  assert.equal(unseal(volumeKeys(hostKey, 'w'), binding, sealed), undefined)
  assert.equal(unseal(volumeKeys(new Secret(randomBytes(32)), 'v'), binding, sealed), undefined)
})

test('equal values have different ciphertexts, and a place says nothing of its reference', () => {
  const [one, two] = [0, 1].map(() => seal(keys, binding, Secret.fromText('value')))
  assert.notDeepEqual(one?.sealed, two?.sealed)
  assert.match(one?.place ?? '', /^[0-9a-f]{32}$/)
  assert.notEqual(placeOf(keys, binding), placeOf(volumeKeys(hostKey, 'w'), binding))
})

test('a file keeps its values, and every cut and every changed byte is noticed', () => {
  const values = ['a', 'b'].map((reference) =>
    seal(keys, { ...binding, reference }, Secret.fromText(`value of ${reference}`)),
  )
  const file = formatCache(keys, values)
  assert.ok(file)
  const read = parseCache(keys, file)
  assert.ok(read.kind === 'good')
  assert.deepEqual(
    [...read.values.keys()],
    values.map(({ place }) => place),
  )
  for (let length = 0; length < file.length; length += 1)
    assert.equal(parseCache(keys, file.subarray(0, length)).kind, 'unusable')
  for (let at = 0; at < file.length; at += 1) {
    const changed = file.slice()
    changed[at] = (changed[at] ?? 0) ^ 0x10
    assert.equal(parseCache(keys, changed).kind, 'unusable', `byte ${at}`)
  }
})

test('any bytes can be read without an error', () => {
  holds(
    property(uint8Array({ maxLength: 400 }), integer({ min: 0, max: 60 }), (tail, kept) => {
      const start = formatCache(keys, [])?.subarray(0, kept) ?? []
      assert.equal(parseCache(keys, Uint8Array.from([...start, ...tail])).kind, 'unusable')
    }),
  )
})

test('too many values make no file', () => {
  const value = seal(keys, binding, new Secret(new Uint8Array(4 * 1024 * 1024)))
  assert.equal(
    formatCache(
      keys,
      Array.from({ length: 17 }, () => value),
    ),
    undefined,
  )
})

test('a value is used up to its maximum age, and never before its own time', () => {
  assert.equal(whyUnusable(1000, 1000, 500), undefined)
  assert.equal(whyUnusable(1000, 1500, 500), undefined)
  assert.equal(whyUnusable(1000, 1501, 500), 'too old')
  assert.equal(whyUnusable(1001, 1000, 500), 'from the future')
})
