import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { test, type TestContext } from 'node:test'
import { until } from '../../scripts/engine/until.ts'
import { inject, type InjectConfig } from '../../src/app/inject/inject.ts'
import { openStream } from '../../src/app/sinks/stream.ts'
import { LocketError, toLocketError } from '../../src/core/vocabulary/errors.ts'
import { PROVIDERS } from '../../src/providers/index.ts'
import { openPlacedFiles } from '../../src/host/files/placed-files.ts'
import { openSourceFiles } from '../../src/host/sources/source-files.ts'
import { openSourceTrees } from '../../src/host/sources/source-trees.ts'
import { createManualClock } from '../fakes/manual-clock.ts'
import { createMemoryProvider, memoryRef } from '../fakes/memory-provider.ts'
import { createRecordingLog } from '../fakes/recording-log.ts'
import { temporaryFolder, tinyDisk } from '../support/temporary-folder.ts'
import { passTime } from './world.ts'

const DOWN = new LocketError('unavailable', 'memory is down')

const RULES: InjectConfig['rules'] = {
  parseRef: (text) => (text.startsWith('memory://') ? memoryRef(text.slice(9)) : undefined),
  maxFileBytes: 10_000,
}

interface Injecting extends Partial<InjectConfig> {
  /** Instead of `out`. */
  readonly dest?: string
  /** Source and destination of a second map. */
  readonly more?: readonly [string, string]
  /** More templates, below the folder `tpl`. */
  readonly prepare?: (tpl: string) => Promise<void>
}

/** `inject` of `tpl` to `out`, whose changes are told by hand, on a clock that is turned by hand. */
async function injecting(t: TestContext, { dest = 'out', more, prepare, ...overrides }: Injecting = {}) {
  const folder = await temporaryFolder(t)
  const at = (path: string) => resolve(folder, path)
  await mkdir(at('tpl'))
  await writeFile(at('tpl/a'), 'one {{ memory://a }}')
  await prepare?.(at('tpl'))
  const provider = createMemoryProvider({ a: 'value-a', b: 'value-b' })
  const clock = createManualClock()
  const log = createRecordingLog()
  const stop = new AbortController()
  let tell = (): void => undefined
  const config: InjectConfig = {
    outputs: {
      maps: [
        { source: at('tpl'), dest: at(dest), isInto: false, origin: 'map' },
        ...(more === undefined
          ? []
          : [{ source: at(more[0]), dest: at(more[1]), isInto: false, origin: 'another map' }]),
      ],
      secrets: [],
      out: at('named'),
    },
    rules: RULES,
    policy: 'error',
    placing: { fileMode: 0o600, dirMode: 0o700 },
    mode: 'watch',
    refreshing: { refresh: 'off', providers: [] },
    stream: openStream(async () => assert.fail('nothing goes to standard output')),
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
      forgetValues: () => undefined,
      clock,
      emit: log.emit,
      host: { bootId: 'this-boot', uptimeMs: () => 3_600_000 },
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

test('F11: a provider that was down is asked again without a further change, and health recovers', async (t) => {
  const { provider, clock, log, change, text, isReady, stop } = await injecting(t)
  await until('the first files', isReady)
  provider.fail(DOWN)
  await change('two {{ memory://a }}')
  await until('it is asked', () => provider.batches.length > 1)
  assert.equal(isReady(), true)
  await passTime(clock, 31_000)
  await until('it failed', () => !isReady())
  assert.equal(await text(), 'one value-a')
  assert.equal(log.lines.filter(({ level }) => level === 'error').length, 1)
  provider.fail(undefined)
  await until('it waits', () => clock.sleepers() === 1)
  await passTime(clock, 15_500)
  await until('healthy again', isReady)
  assert.equal(await text(), 'two value-a')
  await stop()
})

test('a secret that is made later arrives within the minute, also under passthrough', async (t) => {
  for (const policy of ['error', 'passthrough'] as const) {
    const { provider, clock, change, text, isReady, stop } = await injecting(t, { policy })
    await until('the first files', isReady)
    await change('{{ memory://later }}')
    await until('it failed', () => !isReady())
    provider.put('later', 'here')
    await until('it waits', () => clock.sleepers() === 1)
    await passTime(clock, 60_500)
    await until('healthy again', isReady)
    assert.equal(await text(), 'here')
    await stop()
  }
})

test('changes while it writes are one more writing; the last one is what is there', async (t) => {
  const { provider, clock, change, text, isReady, stop } = await injecting(t)
  await until('the first files', isReady)
  provider.fail(DOWN)
  await change('two {{ memory://a }}')
  await until('it waits', () => provider.batches.length > 1)
  for (const word of ['three', 'four', 'five']) await change(`${word} {{ memory://a }}`)
  provider.fail(undefined)
  await passTime(clock, 5000)
  await until('the last one', async () => (await text()) === 'five value-a')
  await stop()
})

test('inject gives up after 30 s without an answer, and reports a SIGTERM as such', async (t) => {
  const hanging = await injecting(t, { mode: 'one-shot' })
  hanging.provider.hang(true)
  const ended = hanging.running.then(
    () => assert.fail('it ended well'),
    (thrown: unknown) => toLocketError(thrown),
  )
  await until('it is asked', () => hanging.provider.batches.length > 0)
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

test('a full disk: after a folder was renamed and its template does not fit, the old files stay', async (t) => {
  const disk = await tinyDisk(t, 64 * 1024)
  const { at, change, clock, log, isReady, stop } = await injecting(t, {
    rules: { ...RULES, maxFileBytes: 1 << 20 },
    dest: join(disk, 'out'),
    prepare: async (tpl) => {
      await mkdir(join(tpl, 'old'))
      await writeFile(join(tpl, 'old/b'), 'good {{ memory://b }}')
      await writeFile(join(tpl, 'stays'), 'also good')
    },
  })
  await until('the first files', isReady)
  await rename(at('tpl/old'), at('tpl/new'))
  await writeFile(at('tpl/large'), 'x'.repeat(256 * 1024))
  await change('two {{ memory://a }}')
  await until('it failed', () => log.lines.some(({ event }) => event === 'inject.failed'))
  assert.equal(await readFile(join(disk, 'out/old/b'), 'utf8'), 'good value-b')
  assert.equal(await readFile(join(disk, 'out/a'), 'utf8'), 'one value-a')
  assert.deepEqual((await readdir(join(disk, 'out'))).toSorted(), ['a', 'old', 'stays'])
  await rm(at('tpl/large'))
  await until('it waits', () => clock.sleepers() === 1)
  await passTime(clock, 60_500)
  await until('healthy again', isReady)
  assert.equal(await readFile(join(disk, 'out/new/b'), 'utf8'), 'good value-b')
  assert.deepEqual((await readdir(join(disk, 'out'))).toSorted(), ['a', 'new', 'stays'])
  await stop()
})

test('a full disk: of the files without a template, only those in the way are removed first', async (t) => {
  const disk = await tinyDisk(t, 64 * 1024)
  const { at, change, log, isReady, stop } = await injecting(t, {
    rules: { ...RULES, maxFileBytes: 1 << 20 },
    dest: join(disk, 'out'),
    prepare: async (tpl) => {
      await writeFile(join(tpl, 'file'), 'a file')
      await mkdir(join(tpl, 'folder'))
      await writeFile(join(tpl, 'folder/inner'), 'a file in a folder')
      await writeFile(join(tpl, 'gone'), 'good')
    },
  })
  await until('the first files', isReady)
  for (const name of ['file', 'folder', 'gone']) await rm(at(`tpl/${name}`), { recursive: true })
  await mkdir(at('tpl/file'))
  await writeFile(at('tpl/file/inner'), 'fits')
  await writeFile(at('tpl/folder'), 'fits')
  await writeFile(at('tpl/large'), 'x'.repeat(256 * 1024))
  await change('two')
  await until('it failed', () => log.lines.some(({ event }) => event === 'inject.failed'))
  assert.deepEqual((await readdir(join(disk, 'out'))).toSorted(), ['a', 'gone'])
  await rm(at('tpl/large'))
  await change('three')
  await until('healthy again', isReady)
  assert.deepEqual((await readdir(join(disk, 'out'), { recursive: true })).toSorted(), [
    'a',
    'file',
    'file/inner',
    'folder',
  ])
  await stop()
})

test('two names of one file: the one whose template is gone does not take the other’s file along', async (t) => {
  const { at, change, isReady, stop } = await injecting(t, {
    dest: 'real/out',
    more: ['more', 'alias/out'],
    prepare: async (tpl) => {
      await mkdir(join(tpl, '../real'))
      await symlink('real', join(tpl, '../alias'))
      await mkdir(join(tpl, '../more'))
      await writeFile(join(tpl, '../more/b'), 'from more')
    },
  })
  await until('the first files', isReady)
  await rename(at('more/b'), at('tpl/b'))
  await change('two {{ memory://a }}')
  await until('it is written', async () => (await readFile(at('real/out/a'), 'utf8')) === 'two value-a')
  await stop()
  assert.equal(await readFile(at('real/out/b'), 'utf8'), 'from more')
})

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
