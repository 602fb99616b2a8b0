import { existsSync } from 'node:fs'
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { inject, type InjectConfig } from '../../src/app/inject/inject.ts'
import { createCommandLeases } from '../../src/app/leases/command-leases.ts'
import { openStream } from '../../src/app/sinks/stream.ts'
import { LocketError } from '../../src/core/vocabulary/errors.ts'
import { openPlacedFiles } from '../../src/host/files/placed-files.ts'
import { openSourceFiles } from '../../src/host/sources/source-files.ts'
import { openSourceTrees } from '../../src/host/sources/source-trees.ts'
import { createManualClock } from '../fakes/manual-clock.ts'
import { createMemoryProvider, memoryRef, packed } from '../fakes/memory-provider.ts'
import { createRecordingLog } from '../fakes/recording-log.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

export const RULES: InjectConfig['rules'] = {
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
  /** True: the fields of `memory://db/*` are written into the folder `named`. */
  readonly stars?: boolean
}

/** A second map, `more`, writes into the folder of the first one under another name. */
export const TWO_NAMES: Injecting = {
  dest: 'real/out',
  more: ['more', 'alias/out'],
  prepare: async (tpl) => {
    await mkdir(join(tpl, '../real'))
    await symlink('real', join(tpl, '../alias'))
    await mkdir(join(tpl, '../more'))
    await writeFile(join(tpl, '../more/b'), 'from more')
  },
}

/** `inject` of `tpl` to `out`, whose changes are told by hand, on a clock that is turned by hand. */
export async function injecting(
  t: TestContext,
  { dest = 'out', more, prepare, stars = false, ...overrides }: Injecting = {},
) {
  const folder = await temporaryFolder(t)
  const at = (path: string) => resolve(folder, path)
  await mkdir(at('tpl'))
  await writeFile(at('tpl/a'), 'one {{ memory://a }}')
  await prepare?.(at('tpl'))
  const provider = createMemoryProvider({ a: 'value-a', b: 'value-b' })
  if (stars) provider.put('db/*', packed({ x: 'field' }))
  const clock = createManualClock()
  const log = createRecordingLog()
  const stop = new AbortController()
  let tell: (path: string) => void = () => undefined
  let notice: (() => void) | undefined
  let cared = 0
  const config: InjectConfig = {
    outputs: {
      maps: [
        { source: at('tpl'), dest: at(dest), isInto: false, origin: 'map' },
        ...(more === undefined
          ? []
          : [{ source: at(more[0]), dest: at(more[1]), isInto: false, origin: 'another map' }]),
      ],
      secrets: stars
        ? [{ name: '*', source: { kind: 'inline', template: '{{ memory://db/* }}' }, origin: 'secret' }]
        : [],
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
      leases: createCommandLeases(
        { kind: 'command', name: 'inject' },
        {
          clients: { leasesOf: () => assert.fail('no leases'), release: async () => undefined },
          clock,
          emit: log.emit,
        },
      ),
      versionsOf: async () => undefined,
      follow: () => ({ isLive: () => false, [Symbol.dispose]: () => undefined }),
      clock,
      careForHeap: () => void (cared += 1),
      emit: log.emit,
      host: { bootId: 'this-boot', uptimeMs: () => 3_600_000 },
      watch: async (_paths, onChange, { onNotice }) => {
        tell = (path) => onChange([path])
        notice = onNotice
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
      tell(at('tpl/a'))
    },
    told: (path: string) => tell(at(path)),
    notice: () => notice?.(),
    /** How often the collection of garbage was put off. */
    cared: () => cared,
    stop: async () => {
      stop.abort(new LocketError('aborted', 'stopped by SIGTERM'))
      await running
    },
  }
}
