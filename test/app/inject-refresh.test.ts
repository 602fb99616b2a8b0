import assert from 'node:assert/strict'
import { test } from 'node:test'
import { until } from '../../scripts/engine/until.ts'
import { LocketError } from '../../src/core/vocabulary/errors.ts'
import { PROVIDERS } from '../../src/providers/index.ts'
import { injecting } from './injecting.ts'
import { passTime } from './world.ts'

const DOWN = new LocketError('unavailable', 'memory is down')

test('a refresh writes a changed value; one that fails keeps files and health', async (t) => {
  const providers = PROVIDERS.filter(({ kind }) => kind === 'bao').map((def) => ({
    name: 'memory',
    def,
    settings: {},
  }))
  const policy = 'passthrough'
  const refreshing = { refresh: 60_000, providers }
  const { provider, clock, log, text, isReady, stop } = await injecting(t, { policy, refreshing })
  await until('the first files', isReady)
  const asked = async () => {
    const before = provider.batches.length
    await passTime(clock, 66_000)
    await until('it is asked', () => provider.batches.length > before)
  }
  await asked()
  provider.put('a', 'rotated')
  await asked()
  await until('it is written', async () => (await text()) === 'one rotated')
  await until('it is logged', () => log.lines.filter(({ event }) => event === 'inject.written').length === 2)
  provider.fail(DOWN)
  await asked()
  await until('it is reported', () => log.lines.some(({ event }) => event === 'inject.failed'))
  assert.deepEqual([await text(), isReady()], ['one rotated', true])
  await stop()
  assert.equal(clock.sleepers(), 0)
})
