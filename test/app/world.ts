import type { TestContext } from 'node:test'
import { NO_AUDIT } from '../../src/app/audit/audit.ts'
import { createClients } from '../../src/app/access/clients.ts'
import { createLeases } from '../../src/app/leases/leases.ts'
import { createLastKnownGood } from '../../src/app/last-known-good/last-known-good.ts'
import { createDriver, type Driver } from '../../src/app/volume/driver.ts'
import { loadRecords, reconcile } from '../../src/app/volume/restore.ts'
import { usesOf } from '../../src/app/volume/state.ts'
import type { SwarmConfig, VolumeConfig } from '../../src/config/volume/volume-config.ts'
import type { LeaseStore } from '../../src/core/ports/state-store.ts'
import type { CacheFiles } from '../../src/core/ports/cache-files.ts'
import type { Clock } from '../../src/core/ports/clock.ts'
import type { FileTree } from '../../src/core/ports/files.ts'
import type { MountTable } from '../../src/core/ports/mounts.ts'
import type { StateStore } from '../../src/core/ports/state-store.ts'
import { readSecretLabels } from '../../src/core/volume/swarm/labels.ts'
import type { SwarmRule } from '../../src/core/volume/swarm/rules.ts'
import { systemClock } from '../../src/host/daemon/clock.ts'
import { openEngine } from '../../src/host/engine/engine.ts'
import { openFileTree } from '../../src/host/files/file-tree.ts'
import { openMountTable, type TmpfsOptions } from '../../src/host/mounts/mount-table.ts'
import { openSourceFiles } from '../../src/host/sources/source-files.ts'
import { openCacheFiles } from '../../src/host/last-known-good/cache-files.ts'
import { openHostKey } from '../../src/host/state/host-key.ts'
import { openLeaseFile } from '../../src/host/state/lease-file.ts'
import { openStateFile } from '../../src/host/state/state-file.ts'
import { watchPaths } from '../../src/host/sources/watch.ts'
import { startWorker } from '../../src/wire.ts'
import type { ProviderDef } from '../../src/providers/define.ts'
import { createManualClock } from '../fakes/manual-clock.ts'
import { createMemoryProvider, memoryRef, type MemoryProvider } from '../fakes/memory-provider.ts'
import { createRecordingLog, type RecordingLog } from '../fakes/recording-log.ts'
import { mountPointsBelow, temporaryFolder } from '../support/temporary-folder.ts'

export const CANARY = 'canary-7c90-value'

/**
 * The surroundings of a driver process, which outlive it: a state file, mounts, a provider in memory.
 */
export interface World {
  readonly runtimeDir: string
  readonly stateDir: string
  readonly cacheFiles: CacheFiles
  readonly leases: LeaseStore
  readonly store: StateStore
  readonly provider: MemoryProvider
  readonly clock: ReturnType<typeof createManualClock>
  readonly log: RecordingLog
  readonly ports: Ports
  /**
   * The process dies before its `step`th call of a port from now on: that call and all later ones never come
   * back.
   */
  dieAtStep(step: number): void
  isDead(): boolean
  /** Throws when the process is dead. */
  step(): void
  /** The next process is healthy. */
  revive(): void
  mountedTargets(): Promise<string[]>
  bootId: string
  /** The socket of a Docker Engine, for the drivers that are made from then on. */
  dockerSocket: string | undefined
  /** The rules of Swarm secrets of the drivers that are made from then on. */
  rules: readonly SwarmRule[]
  /** Ends the work of the drivers that are made from then on. */
  stopping: AbortSignal
}

interface Ports {
  readonly store: StateStore
  readonly mounts: MountTable<TmpfsOptions>
  readonly tree: FileTree
}

export async function openWorld(
  t: Pick<TestContext, 'after'>,
  realPorts: Partial<Ports> = {},
): Promise<World> {
  const folder = await temporaryFolder(t)
  const stateDir = `${folder}/state`
  const runtimeDir = `${folder}/runtime`
  let stepsLeft = Number.POSITIVE_INFINITY
  const step = (): void => {
    if (stepsLeft <= 0) throw new Error('the process is dead')
    stepsLeft -= 1
  }
  const ports: Ports = {
    store: realPorts.store ?? openStateFile(stateDir),
    mounts: realPorts.mounts ?? openMountTable(),
    tree: realPorts.tree ?? openFileTree(systemClock()),
  }
  return {
    runtimeDir,
    stateDir,
    cacheFiles: openCacheFiles(`${stateDir}/cache`),
    leases: openLeaseFile(stateDir),
    store: ports.store,
    provider: createMemoryProvider({ a: `${CANARY}-a`, b: `${CANARY}-b` }),
    clock: createManualClock(),
    log: createRecordingLog(),
    ports: {
      store: mortal(ports.store, step),
      mounts: mortal(ports.mounts, step),
      tree: mortal(ports.tree, step),
    },
    dieAtStep: (at) => (stepsLeft = at),
    isDead: () => stepsLeft <= 0,
    step,
    revive: () => (stepsLeft = Number.POSITIVE_INFINITY),
    mountedTargets: () => mountPointsBelow(runtimeDir),
    bootId: 'this-boot',
    dockerSocket: undefined,
    rules: [],
    stopping: new AbortController().signal,
  }
}

/**
 * A driver as a new process has it: nothing in memory yet. Driver options are `secret.NAME`, and what
 * `overrides` says.
 */
export function testDriver(
  world: World,
  overrides: Partial<VolumeConfig> = {},
  store: StateStore = world.ports.store,
  lingerMs = 0,
): Driver {
  const { clock, log } = world
  const none = { env: {}, hiddenNames: new Set<string>() }
  const deps = { clock, emit: log.emit, files: openSourceFiles(), startWorker, ...none }
  const clients = createClients(deps, lingerMs)
  const ports = {
    clock,
    emit: log.emit,
    sources: openSourceFiles(),
    mounts: world.ports.mounts,
    tree: world.ports.tree,
    host: { bootId: world.bootId, uptimeMs: () => 3_600_000 },
    watch: watchPaths,
    careForHeap: () => undefined,
    openEngine: async () => {
      world.step()
      return openEngine({ socket: world.dockerSocket, isManaged: false, clock })
    },
    daemon: {
      runtimeDir: world.runtimeDir,
      volumeConfig: (options: Readonly<Record<string, string>>) => ({
        ...configOf(world, options),
        ...overrides,
      }),
      swarm: { ttlMs: 60_000, staleMs: 600_000, rules: world.rules, secretConfig: secretConfigOf(world) },
    },
    clients,
    leases: createLeases({ clients, clock, emit: log.emit, store: world.leases }),
    audit: NO_AUDIT,
    lastGood: createLastKnownGood({
      files: world.cacheFiles,
      hostKey: openHostKey(world.stateDir),
      clock,
      emit: log.emit,
    }),
    stopping: world.stopping,
  }
  return createDriver(ports, store)
}

/** The mount IDs of a volume in memory. */
export function mountIdsOf(driver: Driver, name = 'v'): string[] {
  const volume = driver.table.list().find((candidate) => candidate.name === name)
  return volume === undefined ? [] : usesOf(volume.state).map(({ id }) => id)
}

/** The next process, on what the last one left. */
export async function restarted(world: World, overrides: Partial<VolumeConfig> = {}) {
  const driver = testDriver(world, overrides)
  const loaded = await world.store.load()
  await loadRecords(driver, loaded)
  await reconcile(driver)
  return driver
}

/** Waits in the manual clock's time, and lets real I/O go on in between. */
export async function passTime(
  clock: Clock & { advance(ms: number): Promise<void> },
  ms: number,
): Promise<void> {
  for (let passed = 0; passed < ms; passed += 100) await clock.advance(100)
}

/** The mount options of a volume of these tests. */
export const TMPFS: VolumeConfig['tmpfs'] = {
  sizeBytes: 1_048_576,
  flags: ['rw'],
  selinuxContext: undefined,
  allowSwap: true,
}

/** The settings of the files of a volume of these tests. */
export const WRITTEN: VolumeConfig['written'] = {
  layout: 'plain',
  rootMode: 0o700,
  fileMode: 0o600,
  dirMode: 0o700,
  owner: undefined,
  maxFileBytes: 1_048_576,
  policy: 'error',
}

function configOf(world: World, options: Readonly<Record<string, string>>): VolumeConfig {
  const files = Object.entries(options).map(([name, value]) => ({
    name: name.slice('secret.'.length),
    source: value.startsWith('@')
      ? ({ kind: 'file', path: value.slice(1) } as const)
      : ({ kind: 'inline', template: value } as const),
    origin: `driver option ${name}`,
  }))
  return {
    files,
    tmpfs: TMPFS,
    written: WRITTEN,
    ceilings: {
      references: 1000,
      renderedBytes: 16 * 1_048_576,
      origins: new Set(files.map(({ origin }) => origin)),
    },
    watch: false,
    cache: 'off',
    refresh: 'off',
    onChange: 'off',
    mountTimeoutMs: undefined,
    ...providersOf(world),
  }
}

function providersOf(world: World): Pick<VolumeConfig, 'providers' | 'parseRef'> {
  return {
    providers: [{ name: 'memory', def: memoryDef(world.provider), settings: {}, key: 'memory' }],
    parseRef: (text) =>
      text.startsWith('memory://') ? memoryRef(text.slice('memory://'.length)) : undefined,
  }
}

function secretConfigOf(world: World): SwarmConfig['secretConfig'] {
  return (labels) => {
    const { text, origin } = readSecretLabels(labels)
    return { text, origin, key: text, ...providersOf(world) }
  }
}

function memoryDef(provider: MemoryProvider): ProviderDef {
  return {
    kind: 'memory',
    title: 'in memory',
    schemes: ['memory'],
    autoRefresh: { everyMs: 60_000 },
    example: 'memory://name',
    settings: { name: 'memory', title: 'in memory', fields: {} },
    parse: (text) => memoryRef(text),
    check: () => [],
    // The provider outlives the process that uses it.
    open: async () => ({ ...provider, [Symbol.asyncDispose]: async () => undefined }),
  }
}

/** Every method of a port counts as one step, and none works after the process's death. */
function mortal<T extends object>(port: T, step: () => void): T {
  const wrapped = Object.entries(port).map(([name, method]: [string, (...args: unknown[]) => unknown]) => [
    name,
    async (...args: unknown[]) => {
      step()
      return method(...args)
    },
  ])
  return Object.fromEntries(wrapped) as T
}
