import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { leaveStopMark, takeFreshStopMark } from '../../src/host/stop-mark.ts'

test('a mark is fresh once, for the start right after the stop', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'locket-mark-'))
  t.after(() => rm(dir, { recursive: true }))
  assert.equal(await takeFreshStopMark(dir, Date.now()), false)
  await leaveStopMark(dir)
  assert.equal(await takeFreshStopMark(dir, Date.now()), true)
  assert.equal(await takeFreshStopMark(dir, Date.now()), false)
  await leaveStopMark(dir)
  assert.equal(await takeFreshStopMark(dir, Date.now() + 60_000), false)
  assert.deepEqual(await readdir(dir), [])
})

test('a folder that is not there is no reason to fail', async () => {
  await leaveStopMark('/nonexistent/locket')
  assert.equal(await takeFreshStopMark('/nonexistent/locket', Date.now()), false)
})
