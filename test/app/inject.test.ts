import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { inject, type InjectConfig } from '../../src/app/inject.ts'
import { LocketError, toLocketError } from '../../src/core/errors.ts'
import { openPlacedFiles } from '../../src/host/placed-files.ts'
import { openSourceFiles } from '../../src/host/source-files.ts'
import { openSourceTrees } from '../../src/host/source-trees.ts'
import { createManualClock } from '../fakes/manual-clock.ts'
import { createMemoryProvider, memoryRef } from '../fakes/memory-provider.ts'
import { createRecordingLog } from '../fakes/recording-log.ts'
import { eventually } from '../support/daemon.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { passTime } from './world.ts'

const DOWN = new LocketError('unavailable', 'memory is down')

/** `inject` of `tpl` to `out`, whose changes are told by hand, on a clock that is turned by hand. */
async function injecting(t: TestContext, overrides: Partial<InjectConfig> = {}) {
  const folder = await temporaryFolder(t)
  const at = (path: string) => join(folder, path)
  await mkdir(at('tpl'))
  await writeFile(at('tpl/a'), 'one {{ memory://a }}')
  const provider = createMemoryProvider({ a: 'value-a', b: 'value-b' })
  const clock = createManualClock()
  const log = createRecordingLog()
  const stop = new AbortController()
  let tell = (): void => undefined
  const config: InjectConfig = {
    outputs: {
      maps: [{ source: at('tpl'), dest: at('out'), isInto: false, origin: 'map' }],
      secrets: [],
      out: at('named'),
    },
    rules: {
      parseRef: (text) => (text.startsWith('memory://') ? memoryRef(text.slice(9)) : undefined),
      maxFileBytes: 10_000,
    },
    policy: 'error',
    placing: { fileMode: 0o600, dirMode: 0o700, existing: 'replace' },
    mode: 'watch',
    statusFile: at('ready'),
    debounceMs: 1,
    wipeOnExit: false,
    ...overrides,
  }
  const running = inject(
    config,
    {
      sources: openSourceFiles(),
      trees: openSourceTrees(),
      placed: openPlacedFiles(),
      resolve: provider.fetch,
      clock,
      log,
      watch: async (_paths, onChange) => {
        tell = onChange
        return { [Symbol.asyncDispose]: async () => undefined }
      },
    },
    stop.signal,
  )
  return {
    provider,
    clock,
    log,
    at,
    running,
    text: () => readFile(at('out/a'), 'utf8').catch(() => ''),
    isReady: () => existsSync(at('ready')),
    change: async (text: string) => {
      await writeFile(at('tpl/a'), text)
      tell()
    },
    stop: async () => {
      stop.abort(new LocketError('aborted', 'stopped by SIGTERM'))
      await running
    },
  }
}

test('F11: a provider that was down is asked again without another change, and health is good again then', async (t) => {
  const { provider, clock, log, change, text, isReady, stop } = await injecting(t)
  await eventually('the first files', isReady)
  provider.fail(DOWN)
  await change('two {{ memory://a }}')
  await eventually('it is asked', () => provider.batches.length > 1)
  assert.equal(isReady(), true)
  await passTime(clock, 31_000)
  await eventually('it failed', () => !isReady())
  assert.equal(await text(), 'one value-a')
  assert.equal(log.lines.filter(({ level }) => level === 'error').length, 1)
  provider.fail(undefined)
  await eventually('it waits', () => clock.sleepers() === 1)
  await passTime(clock, 15_500)
  await eventually('healthy again', isReady)
  assert.equal(await text(), 'two value-a')
  await stop()
})

test('a secret that is made later arrives within the minute, also under passthrough', async (t) => {
  for (const policy of ['error', 'passthrough'] as const) {
    const { provider, clock, change, text, isReady, stop } = await injecting(t, { policy })
    await eventually('the first files', isReady)
    await change('{{ memory://later }}')
    await eventually('it failed', () => !isReady())
    provider.put('later', 'here')
    await eventually('it waits', () => clock.sleepers() === 1)
    await passTime(clock, 60_500)
    await eventually('healthy again', isReady)
    assert.equal(await text(), 'here')
    await stop()
  }
})

test('changes while it writes are one more writing; the last one is what is there', async (t) => {
  const { provider, clock, change, text, isReady, stop } = await injecting(t)
  await eventually('the first files', isReady)
  provider.fail(DOWN)
  await change('two {{ memory://a }}')
  await eventually('it waits', () => provider.batches.length > 1)
  for (const word of ['three', 'four', 'five']) await change(`${word} {{ memory://a }}`)
  provider.fail(undefined)
  await passTime(clock, 5000)
  await eventually('the last one', async () => (await text()) === 'five value-a')
  await stop()
})

test('a provider that never answers is given up after 30 seconds, and SIGTERM is said as what it is', async (t) => {
  const hanging = await injecting(t, { mode: 'one-shot' })
  hanging.provider.hang(true)
  const ended = hanging.running.then(
    () => assert.fail('it ended well'),
    (thrown: unknown) => toLocketError(thrown),
  )
  await eventually('it is asked', () => hanging.provider.batches.length > 0)
  await passTime(hanging.clock, 31_000)
  assert.equal((await ended).code, 'timeout')
  assert.equal(existsSync(hanging.at('out')), false)

  const stopped = await injecting(t)
  stopped.provider.hang(true)
  const failed = stopped.stop().then(
    () => assert.fail('it ended well'),
    (thrown: unknown) => toLocketError(thrown).message,
  )
  assert.equal(await failed, 'stopped by SIGTERM')
})
