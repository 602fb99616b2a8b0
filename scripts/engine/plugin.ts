import { readFile, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'

import { succeed } from './command.ts'
import type { Engine } from './engine.ts'

/** The folder that `make rootfs` writes; LOCKET_E2E_DIST names another one. */
export const DIST = resolve(import.meta.dirname, '../..', process.env['LOCKET_E2E_DIST'] ?? 'dist')
export const PLUGIN_FOLDER = join(DIST, 'plugin')

export interface PluginOptions {
  readonly alias?: string
  /** Calls `docker plugin set` for variables of the manifest and `config.source`. */
  readonly settings?: Readonly<Record<string, string>>
  /** Default: PLUGIN_FOLDER. */
  readonly folder?: string
  /** Seconds that the engine waits for an answer, `docker plugin enable --timeout`. */
  readonly timeoutS?: number
}

export interface RunningPlugin {
  readonly name: string
  readonly id: string
  /** Inside the sandbox; undefined while it is not running. */
  readonly pid: number | undefined
}

/** `docker plugin create`, `set`, `enable`. */
export async function installPlugin(engine: Engine, options: PluginOptions = {}): Promise<void> {
  const alias = options.alias ?? 'locket'
  const folder = options.folder ?? PLUGIN_FOLDER
  if (!existsSync(join(folder, 'rootfs'))) throw new Error(`${folder}: not there, run make rootfs first`)
  await engine.ok(['plugin', 'create', alias, folder])
  await setPlugin(engine, options.settings ?? {}, alias)
  await engine.ok(['plugin', 'enable', '--timeout', String(options.timeoutS ?? 30), alias])
}

export async function setPlugin(
  engine: Engine,
  settings: Readonly<Record<string, string>>,
  alias = 'locket',
): Promise<void> {
  const pairs = Object.entries(settings).map(([name, value]) => `${name}=${value}`)
  if (pairs.length > 0) await engine.ok(['plugin', 'set', alias, ...pairs])
}

export async function pluginsOf(engine: Engine): Promise<RunningPlugin[]> {
  const lines = (await engine.ok(['plugin', 'ls', '--no-trunc', '--format', '{{.ID}} {{.Name}}'])).split('\n')
  const plugins: RunningPlugin[] = []
  for (const line of lines.filter((text) => text !== '')) {
    const [id = '', name = ''] = line.split(' ')
    plugins.push({ id, name: name.replace(/:latest$/, ''), pid: await pidOf(engine, id) })
  }
  return plugins
}

export async function pluginNamed(engine: Engine, alias = 'locket'): Promise<RunningPlugin> {
  const plugin = (await pluginsOf(engine)).find((candidate) => candidate.name === alias)
  if (plugin === undefined) throw new Error(`no plugin ${alias}`)
  return plugin
}

export async function killPlugin(
  engine: Engine,
  signal: 'KILL' | 'STOP' | 'CONT',
  alias = 'locket',
): Promise<void> {
  const { pid } = await pluginNamed(engine, alias)
  if (pid === undefined) throw new Error(`${alias} does not run`)
  const ran = await engine.sandbox.exec('kill', [`-${signal}`, String(pid)])
  if (ran.code !== 0) throw new Error(ran.stderr)
}

/** Tmpfs of volumes that are mounted, as the engine sees them: name to path inside the sandbox. */
export async function mountedVolumes(engine: Engine): Promise<Map<string, string>> {
  const table = await readFile(`${engine.sandbox.root}/proc/1/mountinfo`, 'utf8')
  const mounted = new Map<string, string>()
  for (const line of table.split('\n')) {
    const target = line.split(' ')[4] ?? ''
    // The sandbox began with the host's mounts: volumes of a locket that runs there are none of ours.
    const name = /^\/run\/e2e\/.*\/volumes\/([^/]+)$/.exec(target)?.[1]
    if (name !== undefined && line.includes(' - tmpfs ')) mounted.set(name, target)
  }
  return mounted
}

/** A second build of the plugin: same content, a build id of its own. */
export async function anotherBuild(folder: string): Promise<string> {
  await succeed('cp', ['-a', PLUGIN_FOLDER, folder])
  const id = join(folder, 'rootfs/locket/build-id')
  await succeed('rm', [id])
  await writeFile(id, `another ${process.pid}\n`)
  return folder
}

async function pidOf(engine: Engine, id: string): Promise<number | undefined> {
  const path = `/run/docker/containerd/daemon/io.containerd.runtime.v2.task/plugins.moby/${id}/init.pid`
  const text = await readFile(`${engine.sandbox.root}${path}`, 'utf8').catch(() => undefined)
  return text === undefined ? undefined : Number(text)
}
