import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSlots } from './slots.ts'

test('only so many tasks run at once, the others follow in order, also after a failure', async () => {
  const inSlot = createSlots(2)
  const begun: number[] = []
  const ends = Array.from({ length: 4 }, () => Promise.withResolvers<void>())
  const results = ends.map(({ promise }, index) =>
    inSlot(async () => {
      begun.push(index)
      await promise
      return index
    }),
  )
  await new Promise(setImmediate)
  assert.deepEqual(begun, [0, 1])
  ends[1]?.reject(new Error('it failed'))
  await assert.rejects(results[1] ?? Promise.resolve(), /it failed/)
  assert.deepEqual(begun, [0, 1, 2])
  for (const { resolve } of ends) resolve()
  assert.deepEqual(await Promise.all([results[0], results[2], results[3]]), [0, 2, 3])
  assert.equal(await inSlot(async () => 5), 5)
})
