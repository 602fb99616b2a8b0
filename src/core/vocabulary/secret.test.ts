import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Secret } from './secret.ts'

test('a copy keeps its bytes when the original is wiped, and the other way round', () => {
  for (const bytes of [Buffer.from('value'), new TextEncoder().encode('value')]) {
    const original = new Secret(bytes)
    const copies = [original.copy(), original.copy()] as const
    copies[0].wipe()
    assert.equal(Buffer.from(original.reveal()).toString(), 'value')
    original.wipe()
    assert.equal(Buffer.from(copies[1].reveal()).toString(), 'value')
    assert.ok(bytes.every((byte) => byte === 0))
  }
})
