import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { createVolume } from '../../src/app/volume/create.ts'
import { delayRefusal, runDaemon, type DaemonPorts } from '../../src/app/volume/daemon.ts'
import { NEVER, type Driver } from '../../src/app/volume/driver.ts'
import { mountVolume } from '../../src/app/volume/mount.ts'
import { getVolume } from '../../src/app/volume/status/status.ts'
import { unmountVolume } from '../../src/app/volume/unmount.ts'
import { LocketError } from '../../src/core/vocabulary/errors.ts'
import { createMemoryStore } from '../fakes/memory-store.ts'
import { until } from '../../scripts/engine/until.ts'
import { openWorld, testDriver } from './world.ts'

interface Run {
  /** Everything that happened, in order. */
  readonly steps: readonly string[]
  readonly exit: Promise<number>
  /** The message of the stop. */
  lastMessage(): string | undefined
  readonly log: readonly string[]
  driver(): Driver
  stop(): void
}

interface Options {
  readonly managed?: boolean
  /** The engine stopped the last process a moment ago. */
  readonly hasFreshMark?: boolean
  readonly mounts?: Partial<Pick<Driver['mounts'], 'listUnder' | 'isMounted'>>
  readonly failsAt?: string
}

/** A daemon over ports that note each step. An earlier process has left a volume that is mounted by `one`. */
async function start(t: TestContext, options: Options = {}): Promise<Run> {
  const store = createMemoryStore()
  const world = await openWorld(t, { store })
  const earlier = testDriver(world)
  await createVolume(earlier, 'v', { 'secret.a': '{{ memory://a }}' }, NEVER)
  await mountVolume(earlier, 'v', 'one', NEVER)
  const steps: string[] = []
  const stopping = new AbortController()
  let driver: Driver | undefined
  const step = async (name: string): Promise<void> => {
    steps.push(name)
    if (options.failsAt === name) throw new LocketError('io', `no ${name}`)
  }
  const noted: DaemonPorts['openStore'] = async () => {
    await step('open store')
    return {
      store: {
        load: async () => {
          await step('load')
          return store.load()
        },
        save: (records) => store.save(records),
        saveMounts: async (records) => {
          const { mounts } = records[0] ?? { mounts: [] }
          await step(`save ${mounts.map(({ id, unsure }) => `${id}${unsure === true ? '?' : ''}`).join()}`)
          return store.saveMounts(records)
        },
      },
      dir: '/nowhere',
      warnings: ['a warning'],
    }
  }
  const ports: DaemonPorts = {
    emit: world.log.emit,
    openStore: noted,
    openDriver: (opened) => {
      const base = testDriver(world, {}, opened.store)
      const task = { [Symbol.asyncDispose]: () => step('end watch') }
      driver = {
        ...base,
        stopping: stopping.signal,
        mounts: { ...base.mounts, ...options.mounts },
        watch: async () => task,
        daemon: { ...base.daemon, volumeConfig: (given) => watching(base.daemon.volumeConfig(given)) },
        clients: { ...base.clients, close: () => step('close providers') },
      }
      return driver
    },
    openView: async () => new AsyncDisposableStack(),
    openListener: async () => {
      await step(`listen with ${driver?.table.list().length} volumes`)
      return { name: 'socket', close: () => step('close listener') }
    },
    notifyReady: () => step('ready'),
    stopMark:
      options.managed === true
        ? {
            takeFresh: async () => {
              await step('take mark')
              return options.hasFreshMark ?? false
            },
            leave: () => step('leave mark'),
          }
        : undefined,
  }
  const exit = runDaemon(ports, stopping.signal)
  exit.catch(() => undefined)
  return {
    steps,
    exit,
    get log() {
      return world.log.lines.map(({ event }) => event)
    },
    lastMessage: () => world.log.lines.findLast(({ event }) => event === 'daemon.stopping')?.message,
    driver: () => driver ?? assert.fail('there is no driver yet'),
    stop: () => stopping.abort(new LocketError('aborted', 'the daemon stops')),
  }
}

function watching<T extends { readonly files: readonly object[] }>(config: T): T {
  const file = { name: 'b', source: { kind: 'file', path: '/proc/version' }, origin: '' }
  return { ...config, watch: true, files: [...config.files, file] }
}

const isWatching = (run: Run) => {
  const { state } = run.driver().table.list()[0] ?? assert.fail('no volume')
  return 'tmpfs' in state && state.tmpfs.task !== undefined
}

test('it listens when the state is in memory, and stops what answers before what answers need', async (t) => {
  const run = await start(t)
  await until('templates are watched', () => run.steps.includes('ready') && isWatching(run))
  assert.equal(getVolume(run.driver(), 'v').status.state, 'mounted')
  run.stop()
  assert.equal(await run.exit, 0)
  assert.deepEqual(run.steps, [
    'open store',
    'load',
    'listen with 1 volumes',
    'ready',
    'close listener',
    'end watch',
    'close providers',
  ])
  assert.deepEqual(
    run.log.filter((event) => /^(state|daemon)/.test(event)),
    ['state.warning', 'daemon.listening', 'daemon.stopping'],
  )
  assert.equal(run.lastMessage(), 'stopping; volumes that containers use stay mounted: 1')
})

test('it says that containers use volumes only when they do', async (t) => {
  const run = await start(t)
  await until('templates are watched', () => run.steps.includes('ready') && isWatching(run))
  await unmountVolume(run.driver(), 'v', 'one')
  run.stop()
  assert.equal(await run.exit, 0)
  assert.equal(run.lastMessage(), 'stopping')
})

test('a managed plugin saves before it ends that its engine goes, and leaves its mark last', async (t) => {
  const run = await start(t, { managed: true })
  await until('templates are watched', () => run.steps.includes('ready') && isWatching(run))
  run.stop()
  assert.equal(await run.exit, 0)
  assert.equal(run.steps[0], 'take mark')
  assert.deepEqual(run.steps.slice(-5), [
    'close listener',
    'end watch',
    'save one?',
    'close providers',
    'leave mark',
  ])
})

test('a managed plugin with a fresh mark ends at once, and touches nothing', async (t) => {
  const run = await start(t, { managed: true, hasFreshMark: true })
  assert.equal(await run.exit, 75)
  assert.deepEqual(run.steps, ['take mark'])
})

test('no volume is compared with the kernel before the socket listens', async (t) => {
  const hanging = Promise.withResolvers<boolean>()
  const run = await start(t, { mounts: { isMounted: () => hanging.promise } })
  await until('it listens', () => run.steps.includes('ready'))
  run.stop()
  hanging.resolve(true)
  assert.equal(await run.exit, 0)
})

test('a comparison that fails is logged, and the daemon goes on', async (t) => {
  let listings = 0
  const listUnder = async (): Promise<readonly string[]> => {
    listings += 1
    if (listings > 1) throw new LocketError('io', 'no mounts')
    return []
  }
  const run = await start(t, { mounts: { listUnder } })
  await until('it is logged', () => run.log.includes('daemon.restore'))
  assert.ok(!run.steps.includes('close listener'))
  run.stop()
  assert.equal(await run.exit, 0)
})

test('a state that cannot be loaded keeps the socket closed', async (t) => {
  const run = await start(t, { failsAt: 'load' })
  await assert.rejects(run.exit, /no load/)
  assert.deepEqual(run.steps, ['open store', 'load'])
})

test('a refusal waits twenty seconds, or for the signal', async (t) => {
  const { clock } = await openWorld(t)
  const stopping = new AbortController()
  const [first, second] = [delayRefusal(clock, NEVER), delayRefusal(clock, stopping.signal)]
  stopping.abort(new LocketError('aborted', 'stop'))
  await second
  await clock.advance(19_999)
  assert.equal(clock.sleepers(), 1)
  await clock.advance(1)
  await first
})
