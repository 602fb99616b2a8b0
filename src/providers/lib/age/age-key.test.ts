import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { createKeyText, parseAgeKey } from './age-key.ts'

const MEBIBYTE = 1024 * 1024

test('4 MiB are encrypted and decrypted in many turns of the event loop', async () => {
  const key = await parseAgeKey(await createKeyText(0), 'key')
  const plain = new Uint8Array(4 * MEBIBYTE).fill(7)
  // The first use loads and compiles, which takes turns as well.
  await key.open(await key.seal(plain.subarray(0, 1)), 'small')

  const sealed = await turnsOf(() => key.seal(plain))
  const opened = await turnsOf(() => key.open(sealed.value, 'large'))

  assert.ok(Buffer.from(opened.value).equals(plain))
  assert.ok(sealed.turns >= 15, `${sealed.turns} turns to encrypt`)
  assert.ok(opened.turns >= 15, `${opened.turns} turns to decrypt`)
})

test('an empty value is encrypted and decrypted', async () => {
  const key = await parseAgeKey(await createKeyText(0), 'key')

  assert.equal((await key.open(await key.seal(new Uint8Array()), 'empty')).length, 0)
})

test('an empty file is not an age file', async () => {
  const key = await parseAgeKey(await createKeyText(0), 'key')

  await assert.rejects(key.open(new Uint8Array(), 'empty'), /empty is damaged or not an age file/)
})

async function turnsOf<T>(work: () => Promise<T>): Promise<{ readonly value: T; readonly turns: number }> {
  let turns = 0
  const ending = new AbortController()
  const counting = (async () => {
    for (; !ending.signal.aborted; turns += 1) await nextTurn()
  })()
  const value = await work()
  ending.abort()
  await counting
  return { value, turns }
}
