import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createManualClock } from '../../../test/fakes/manual-clock.ts'
import { LocketError } from '../../core/vocabulary/errors.ts'
import { openSourceFiles } from '../../host/sources/source-files.ts'
import { mayCredentialCome, mountTimeoutMs, openDeadline } from './deadline.ts'

const MINUTE = 60_000

test('a mount has 25 s, and 100 s in the first ten minutes after a boot', () => {
  const rows: readonly (readonly [number | undefined, number, number])[] = [
    [undefined, 0, 100_000],
    [undefined, 10 * MINUTE - 1, 100_000],
    [undefined, 10 * MINUTE, 25_000],
    [undefined, 600 * MINUTE, 25_000],
    [2000, 0, 2000],
    [200_000, 600 * MINUTE, 200_000],
  ]
  for (const [chosen, uptime, expected] of rows)
    assert.equal(mountTimeoutMs(chosen, uptime), expected, `${chosen} at ${uptime}`)
})

test('a deadline aborts after its time or with its parent, and never after it is disposed', async () => {
  const clock = createManualClock()
  const parent = new AbortController()
  using late = openDeadline(1000, clock, parent.signal)
  const disposed = openDeadline(1000, clock, new AbortController().signal)
  disposed[Symbol.dispose]()
  using cut = openDeadline(5000, clock, parent.signal)
  await clock.advance(999)
  assert.ok(!late.signal.aborted)
  await clock.advance(1)
  assert.equal(late.signal.reason.code, 'timeout')
  assert.ok(!disposed.signal.aborted && !cut.signal.aborted)
  parent.abort(new Error('gone'))
  assert.equal(cut.signal.reason.message, 'gone')
})

test('a credential file may come after a boot, or again when it was there before', () => {
  const missing = (path?: string) =>
    new LocketError('credential_missing', 'x', path === undefined ? {} : { facts: { path } })
  const may = (error: LocketError, uptimeMs: number) =>
    mayCredentialCome(error, {
      host: { bootId: 'this-boot', uptimeMs: () => uptimeMs },
      sources: { ...openSourceFiles(), wasRead: (path) => path === '/seen' },
    })
  assert.ok(may(missing('/never'), 10 * MINUTE - 1))
  assert.ok(!may(missing('/never'), 10 * MINUTE))
  assert.ok(may(missing('/seen'), 600 * MINUTE))
  assert.ok(!may(missing(), 600 * MINUTE))
})
