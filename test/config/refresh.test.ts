import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadVolume } from './load-volume.ts'
import { problemOf } from './setting-rows.ts'

function daemon(env: Record<string, string> = {}) {
  return loadVolume([], env, '/nonexistent/locket.toml').daemon
}

test('refresh: a duration of at least 5 s, auto or off', () => {
  const refreshOf = (refresh: string) => daemon().volumeConfig({ refresh }).refresh
  assert.equal(refreshOf('5s'), 5000)
  assert.equal(refreshOf('OFF'), 'off')
  assert.equal(daemon().volumeConfig({}).refresh, 'auto')
  assert.equal(refreshOf('auto'), 'auto')
  assert.equal(daemon({ LOCKET_REFRESH: '2m' }).volumeConfig({}).refresh, 120_000)
})

test('refresh: a shorter duration or another word is refused by name', () => {
  const problem = (refresh: string) => problemOf(() => daemon().volumeConfig({ refresh }))
  assert.match(problem('4s'), /^driver option refresh: must be auto, off, or a duration of at least 5s/)
  assert.match(problem('never'), /^driver option refresh: /)
})
