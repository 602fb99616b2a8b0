import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import * as fc from 'fast-check'
import { parseSecretName } from '../../core/vocabulary/secret-name.ts'
import { Secret } from '../../core/vocabulary/secret.ts'
import { type Entries, entryOf, formatDocument, parseDocument, sizeOf, valueOf } from './document.ts'

const AT = Date.UTC(2026, 0, 2, 3, 4, 5)
const PATH = '/etc/locket/secrets.age'

test('formatting and parsing restore any name and any bytes', () => {
  const names = fc
    .stringMatching(/^[a-z_.@+=,~-]{1,8}(\/[A-Z0-9_]{1,8}){0,3}$/)
    .filter((text) => !/(^|\/)\.{1,2}(\/|$)/.test(text))
  const documents = fc.dictionary(
    fc.oneof(names, fc.constant('__proto__'), fc.constant('constructor')),
    fc.uint8Array({ maxLength: 300 }),
  )
  fc.assert(
    fc.property(documents, (values) => {
      const entries: Entries = new Map()
      for (const [name, bytes] of Object.entries(values)) {
        entries.set(parseSecretName(name), entryOf(new Secret(Uint8Array.from(bytes)), AT))
      }
      const back = parseDocument(formatDocument(entries), PATH)
      assert.deepEqual(new Set(back.keys()), new Set(Object.keys(values)))
      for (const [name, entry] of back) {
        const bytes = values[name] ?? assert.fail(name)
        assert.equal(sizeOf(entry), bytes.byteLength)
        assert.deepEqual(Buffer.from(valueOf(entry).reveal()), Buffer.from(bytes))
        assert.equal(Date.parse(entry.updated), AT)
      }
    }),
    { seed: 11, numRuns: 300 },
  )
})

test('a value is decoded into memory of its own, so wiping it wipes nothing else', () => {
  const value = valueOf(entryOf(Secret.fromText('canary'), AT))
  assert.equal(value.reveal().buffer.byteLength, 6)
})

test('another document is refused and not quoted', () => {
  const entry = { value: 'Y2FuYXJ5', updated: '2026-01-02T03:04:05.000Z' }
  const whole = { format: 'locket-secrets', version: 1, secrets: { a: entry } }
  const bad: unknown[] = [
    'canary',
    { canary: 1 },
    { ...whole, format: 'canary' },
    { ...whole, secrets: [entry] },
    { ...whole, secrets: { 'a//b': entry } },
    { ...whole, secrets: { a: { ...entry, value: 'canary!' } } },
    { ...whole, secrets: { a: { ...entry, value: 'Y2Fu\nYXJ5\n   ' } } },
    { ...whole, secrets: { a: { ...entry, value: 'Y2FuYXI' } } },
    { ...whole, secrets: { a: { ...entry, value: 'Y2FuYX--' } } },
    { ...whole, secrets: { a: { value: 'Y2FuYXJ5' } } },
    { ...whole, version: 2 },
  ]
  for (const document of bad) {
    assert.throws(
      () => parseDocument(Buffer.from(JSON.stringify(document)), PATH),
      (error) => !inspect(error, { depth: 9 }).split('\n    at ')[0]?.includes('canary') && isProtocol(error),
      JSON.stringify(document),
    )
  }
  for (const text of ['{"canary"', 'canary=1', '\xff\xfe']) {
    assert.throws(
      () => parseDocument(Buffer.from(text, 'latin1'), PATH),
      (error) => !inspect(error, { depth: 9 }).includes('canary') && isProtocol(error),
    )
  }
})

function isProtocol(error: unknown): boolean {
  assert.ok(
    error instanceof Error &&
      'code' in error &&
      error.code === 'provider_protocol' &&
      error.message.includes(PATH),
  )
  return true
}
