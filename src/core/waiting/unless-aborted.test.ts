import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { test } from 'node:test'
import { unlessAborted } from './unless-aborted.ts'

const never = () => new Promise<never>(() => undefined)

test('gives what the work gives, and stops listening', async () => {
  const { signal } = new AbortController()
  assert.equal(await unlessAborted(async () => 'done', signal), 'done')
  await assert.rejects(
    unlessAborted(() => Promise.reject(new Error('broken')), signal),
    /broken/,
  )
  assert.equal(getEventListeners(signal, 'abort').length, 0)
})

test('an abort ends the wait at once, with its own reason or the one that is given', async () => {
  const stop = new AbortController()
  const plain = unlessAborted(never, stop.signal)
  const named = unlessAborted(never, stop.signal, () => new Error('named'))
  stop.abort(new Error('stopped'))
  await assert.rejects(plain, /stopped/)
  await assert.rejects(named, /named/)
})

test('work is not begun under an aborted signal', async () => {
  let isBegun = false
  const work = async () => void (isBegun = true)
  await assert.rejects(unlessAborted(work, AbortSignal.abort(new Error('too late'))), /too late/)
  assert.equal(isBegun, false)
})
