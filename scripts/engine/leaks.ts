import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'

import type { Engine } from './engine.ts'
import { pluginsOf } from './plugin.ts'

export interface LeakOptions {
  /** Folders and files inside the sandbox to read beside the engine's own. */
  readonly paths?: readonly string[]
}

/**
 * Searches for values outside the tmpfs they belong in: the engine's log with those of the plugins, its data,
 * the output of inspect, the arguments of every process, the plugins' environment. Returns one line per find,
 * without the value. Logs of containers are left out, because the app decides what it prints.
 */
export async function findLeaks(
  engine: Engine,
  canaries: readonly string[],
  options: LeakOptions = {},
): Promise<string[]> {
  const patterns = canaries.flatMap((canary) => [
    canary,
    Buffer.from(canary).toString('base64').replace(/=+$/, ''),
  ])
  const texts = new Map<string, string>()
  texts.set('dockerd log', await engine.logs())
  for (const [what, text] of await inspections(engine)) texts.set(what, text)
  for (const [what, text] of await processes(engine)) texts.set(what, text)
  const found = [...texts]
    .filter(([, text]) => patterns.some((pattern) => text.includes(pattern)))
    .map(([what]) => what)
  return [...found, ...(await grep(engine, patterns, options.paths ?? []))]
}

async function inspections(engine: Engine): Promise<[string, string][]> {
  const shown: [string, string][] = []
  for (const [kind, list] of Object.entries({
    container: ['ps', '-aq'],
    volume: ['volume', 'ls', '-q'],
    plugin: ['plugin', 'ls', '-q'],
  })) {
    const names = (await engine.ok(list)).split('\n').filter((name) => name !== '')
    if (names.length > 0) shown.push([`${kind} inspect`, await engine.ok([kind, 'inspect', ...names])])
  }
  shown.push(['events', await engine.ok(['system', 'events', '--since', '1h', '--until', '0s'])])
  return shown
}

async function processes(engine: Engine): Promise<[string, string][]> {
  const proc = `${engine.sandbox.root}/proc`
  const shown: [string, string][] = []
  for (const pid of (await readdir(proc)).filter((name) => /^\d+$/.test(name))) {
    // A process may end between the two calls.
    const line = await readFile(join(proc, pid, 'cmdline'), 'utf8').catch(() => '')
    shown.push([`arguments of ${pid}`, line])
  }
  for (const plugin of await pluginsOf(engine)) {
    if (plugin.pid !== undefined)
      shown.push([`environment of plugin`, await readFile(join(proc, String(plugin.pid), 'environ'), 'utf8')])
  }
  return shown
}

/**
 * Files inside the sandbox, binary ones too. Not the layers: nothing but images and containers is in there.
 */
async function grep(
  engine: Engine,
  patterns: readonly string[],
  paths: readonly string[],
): Promise<string[]> {
  const expressions = patterns.flatMap((pattern) => ['-e', pattern])
  const left = ['overlay2', 'containers', 'image', 'buildkit', 'node'].map((name) => `--exclude-dir=${name}`)
  const where = ['/run/e2e/data', '/run/docker/plugins', ...paths]
  const ran = await engine.sandbox.exec('grep', [
    '-rlaFs',
    '--devices=skip',
    ...left,
    ...expressions,
    ...where,
  ])
  // 2 is for files that went away meanwhile.
  return ran.stdout.split('\n').filter((line) => line !== '')
}
