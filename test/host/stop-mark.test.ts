import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { test } from 'node:test'
import { leaveStopMark, takeFreshStopMark } from '../../src/host/state/stop-mark.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

test('a mark is fresh once, for the start right after the stop', async (t) => {
  const dir = await temporaryFolder(t)
  assert.equal(await takeFreshStopMark(dir, Date.now()), false)
  await leaveStopMark(dir)
  assert.equal(await takeFreshStopMark(dir, Date.now()), true)
  assert.equal(await takeFreshStopMark(dir, Date.now()), false)
  await leaveStopMark(dir)
  assert.equal(await takeFreshStopMark(dir, Date.now() + 60_000), false)
  assert.deepEqual(await readdir(dir), [])
})

test('a missing folder is not a failure', async () => {
  await leaveStopMark('/nonexistent/locket')
  assert.equal(await takeFreshStopMark('/nonexistent/locket', Date.now()), false)
})
