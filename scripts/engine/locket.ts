import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import type { VolumeStatus } from '../../src/app/volume/status/status.ts'
import { loadGeneration } from '../../src/host/state/load-generation.ts'
import { IMAGE, startEngine } from './engine.ts'
import type { Engine, EngineOptions } from './engine.ts'
import { DIST, installPlugin } from './plugin.ts'

export const LOCKET = join(DIST, 'locket/bin/locket')

/** The operator's folder, as the engine's host has it; the plugin sees it as /etc/locket. */
export const CONFIG = '/run/e2e/locket'

export interface LocketOptions extends EngineOptions {
  /** Stored in the `local` provider before the plugin starts. */
  readonly secrets?: Readonly<Record<string, string>>
  /** locket.toml */
  readonly toml?: string
  /** `docker plugin set`, beside config.source. */
  readonly settings?: Readonly<Record<string, string>>
}

/** An engine with locket as its managed plugin, configured the way the README says. */
export async function startLocket(options: LocketOptions = {}): Promise<Engine> {
  const engine = await startEngine(options)
  try {
    await makeConfig(engine, options)
    await installPlugin(engine, { settings: { 'config.source': CONFIG, ...options.settings } })
    return engine
  } catch (error) {
    const said = (await engine.logs().catch(() => ''))
      .split('\n')
      .filter((line) => / plugin=|level=(warning|error|fatal)/.test(line))
    await engine[Symbol.asyncDispose]()
    throw new Error(`locket did not start; the engine says\n${said.slice(-20).join('\n')}`, {
      cause: error,
    })
  }
}

/** The operator's folder with its secrets and locket.toml. */
export async function makeConfig(
  engine: Engine,
  options: Pick<LocketOptions, 'secrets' | 'toml'>,
): Promise<void> {
  await mkdir(onHost(engine, CONFIG), { recursive: true, mode: 0o700 })
  if (options.toml !== undefined) await writeFile(join(onHost(engine, CONFIG), 'locket.toml'), options.toml)
  for (const [path, value] of Object.entries(options.secrets ?? {})) await storeSecret(engine, path, value)
}

/** `locket secret set PATH`, on the engine's host. */
export async function storeSecret(engine: Engine, path: string, value: string): Promise<void> {
  const where = ['--local-file', `${CONFIG}/secrets.age`, '--local-key', `${CONFIG}/local.key`]
  const ran = await engine.sandbox.exec(LOCKET, ['secret', 'set', path, '--stdin', ...where], {
    input: value,
  })
  if (ran.code !== 0) throw new Error(`locket secret set ${path}: exit ${ran.code}: ${ran.stderr}`)
}

/** A path in the sandbox as this process opens it. */
export function onHost(engine: Engine, path: string): string {
  return `${engine.sandbox.root}${path}`
}

/** `docker volume create -d locket -o …`; the options as given. */
export async function createVolume(
  engine: Engine,
  name: string,
  options: Readonly<Record<string, string>>,
): Promise<void> {
  await engine.ok(createArgs(name, options))
}

export function createArgs(name: string, options: Readonly<Record<string, string>>): string[] {
  const pairs = Object.entries(options).flatMap(([key, value]) => ['-o', `${key}=${value}`])
  return ['volume', 'create', '-d', 'locket', ...pairs, name]
}

/** The output of a shell script in a new container with the volume at /s. */
export async function runWith(
  engine: Engine,
  volume: string,
  script: string,
  more: readonly string[] = [],
): Promise<string> {
  return await engine.ok(['run', '--rm', '-v', `${volume}:/s`, ...more, IMAGE, 'sh', '-c', script])
}

/** A container that goes on running with the volume at /s, and says nothing. */
export async function startWith(
  engine: Engine,
  name: string,
  volume: string,
  more: readonly string[] = [],
): Promise<void> {
  await engine.ok([
    'run',
    '-d',
    '--name',
    name,
    '-v',
    `${volume}:/s`,
    ...more,
    IMAGE,
    'sh',
    '-c',
    'trap exit TERM; sleep 100000 & wait',
  ])
}

/**
 * `docker volume inspect`: the Status that locket gives, with the lists that it leaves out when they are
 * empty.
 */
export async function statusOf(engine: Engine, volume: string): Promise<VolumeStatus> {
  const shown = await engine.ok(['volume', 'inspect', '--format', '{{json .Status}}', volume])
  const lists = { files: [], providers: [], requests: [], mounts: [], warnings: [] }
  return { ...lists, ...JSON.parse(shown) }
}

/** Names of the volumes in the newest state file, each with its mount IDs. */
export async function recordsOf(engine: Engine): Promise<Map<string, string[]>> {
  const { records } = await loadGeneration(onHost(engine, `${CONFIG}/state`), false)
  return new Map(records.map(({ name, mounts }) => [name, mounts.map((mount) => mount.id)]))
}
