import assert from 'node:assert/strict'
import { createPublicKey } from 'node:crypto'
import { test } from 'node:test'
import { assert as holds, integer, property, uint8Array } from 'fast-check'
import { isAnswerOf, signAnswer, type SignedAnswer } from './answer-signature.ts'
import { contentDigest, isDigestOf } from './content-digest.ts'
import { createSigningKey, keyFingerprint, publicKeyOf, rawPublicKey } from '../keys.ts'
import { SEALED_TYPE } from '../sealed/seal.ts'
import { isSignedBy, readRequestSignature, signRequest, type RequestTarget } from './request-signature.ts'

const KEY = createSigningKey()
const PUBLIC = createPublicKey(KEY)
const MACHINE = `m_${'a'.repeat(26)}`
const TARGET: RequestTarget = { method: 'POST', authority: 'broker.example:7468', url: '/v2/resolve' }
const BODY = Buffer.from('{"refs":["shop/db"]}')
const BY = { key: KEY, machine: MACHINE, now: 1_795_932_073_999, nonce: 'n'.repeat(22) }

/** A request whose signature is read again and verified, with changes in between. */
function verdict({
  target = TARGET,
  body = BODY as Uint8Array,
  key = PUBLIC,
  edit = (text: string) => text,
}) {
  const headers = Object.entries(signRequest(TARGET, BODY, BY)).map(([name, text]) => [name, edit(text)])
  const claimed = readRequestSignature(Object.fromEntries(headers))
  return claimed !== undefined && isSignedBy(key, claimed, target, body)
}

test('a signed request is read with its machine, time in seconds and nonce, and verified', () => {
  const claimed = readRequestSignature(signRequest(TARGET, BODY, BY))
  assert.ok(claimed !== undefined)
  assert.deepEqual([claimed.machine, claimed.created, claimed.nonce], [MACHINE, 1_795_932_073, BY.nonce])
  assert.ok(verdict({}))
})

test('a request is refused with another key, method, host, path, query or body', () => {
  const changes = { method: 'GET', authority: 'other.example:7468', url: '/v2/watch' }
  for (const [name, value] of Object.entries(changes))
    assert.ok(!verdict({ target: { ...TARGET, [name]: value } }), name)
  for (const url of ['/v2/resolve?', '/v2/resolve?a=1', '/v2/resolve/'])
    assert.equal(verdict({ target: { ...TARGET, url } }), url === '/v2/resolve?', url)
  assert.ok(!verdict({ body: Buffer.from('{"refs":["shop/db2"]}') }))
  assert.ok(!verdict({ key: createPublicKey(createSigningKey()) }))
})

test('a request with another nonce, time, machine, tag or order of components is refused', () => {
  const edits: readonly (readonly [string, string])[] = [
    ['nnn', 'nnm'],
    ['created=1795932073', 'created=1795932074'],
    ['m_aa', 'm_ab'],
    ['locket-v2', 'locket-v1'],
    ['"@method" "@authority"', '"@authority" "@method"'],
    ['"@authority" ', ''],
    ['ed25519', 'hmac-sha256'],
    ['sha-256=:', 'sha-512=:'],
    ['locket=', 'other='],
    [';nonce="nnnnnnnnnnnnnnnnnnnnnn"', ''],
  ]
  for (const [from, to] of edits) assert.ok(!verdict({ edit: (text) => text.replace(from, to) }), from)
})

test('a signature with any flipped bit is refused', () => {
  holds(
    property(integer({ min: 0, max: 511 }), (bit) => {
      const { signature, ...headers } = signRequest(TARGET, BODY, BY)
      const bytes = Buffer.from(signature.slice('locket=:'.length, -1), 'base64')
      bytes.writeUInt8(bytes.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
      const claimed = readRequestSignature({ ...headers, signature: `locket=:${bytes.toString('base64')}:` })
      assert.ok(claimed !== undefined)
      assert.ok(!isSignedBy(PUBLIC, claimed, TARGET, BODY))
    }),
    { numRuns: 60 },
  )
})

test('a digest is of exactly its body', () => {
  holds(
    property(uint8Array({ maxLength: 64 }), uint8Array({ maxLength: 64 }), (one, other) => {
      assert.equal(isDigestOf(contentDigest(one), other), Buffer.compare(one, other) === 0)
    }),
  )
  for (const header of [undefined, '', 'sha-256=::', contentDigest(BODY).toUpperCase()])
    assert.ok(!isDigestOf(header, BODY))
})

const ANSWER: SignedAnswer = {
  status: 200,
  contentType: 'application/json',
  body: Buffer.from('{}'),
  requestSignature: new Uint8Array(64).fill(7),
}

test('an answer is verified only unchanged, by its server, and for its request', () => {
  const headers = signAnswer(ANSWER, BY)
  const header = (name: string) => Object.entries(headers).find(([known]) => known === name)?.[1]
  assert.ok(isAnswerOf(PUBLIC, ANSWER, header))
  const changes: Partial<SignedAnswer>[] = [
    { status: 403 },
    { contentType: SEALED_TYPE },
    { body: Buffer.from('{"a":1}') },
    { requestSignature: new Uint8Array(64).fill(8) },
  ]
  for (const change of changes) assert.ok(!isAnswerOf(PUBLIC, { ...ANSWER, ...change }, header))
  assert.ok(!isAnswerOf(createPublicKey(createSigningKey()), ANSWER, header))
  assert.ok(!isAnswerOf(PUBLIC, ANSWER, () => undefined))
})

test('a request cannot be passed off as an answer, as both have a tag', () => {
  const signed = signRequest(TARGET, BODY, BY)
  assert.ok(!isAnswerOf(PUBLIC, ANSWER, (name) => signed[name as keyof typeof signed]))
})

test('a key has 32 bytes, and its fingerprint is short', () => {
  const raw = rawPublicKey(KEY)
  assert.ok(publicKeyOf('ed25519', raw).equals(PUBLIC))
  assert.match(keyFingerprint(raw), /^SHA256:[A-Za-z0-9+/]{43}$/)
  for (const length of [0, 31, 33]) assert.throws(() => publicKeyOf('ed25519', new Uint8Array(length)))
})
