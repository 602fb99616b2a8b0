/**
 * `make demo`: a container reads a secret out of a locket volume on a real engine, and the secret vanishes
 * with it.
 */
import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { command, succeed } from '../engine/command.ts'
import { busyboxTar } from '../engine/image.ts'
import { openDemoEngine } from './engine.ts'
import type { DemoEngine } from './engine.ts'

const root = resolve(import.meta.dirname, '../..')
const started = performance.now()
const name = `locket-demo-${randomBytes(4).toString('hex')}`
const folder = mkdtempSync(join(tmpdir(), `${name}-`))
const secret = `open-sesame-${randomBytes(3).toString('hex')}`
const store = ['--local-file', join(folder, 'secrets.age'), '--local-key', join(folder, 'local.key')]
const NEXT = `next, where your own Docker Engine runs:
  make plugin                                          the plugin locket, which is built already
  dist/locket/bin/locket init                          asks where your secrets are, and writes /etc/locket
  docker plugin set locket config.source=/etc/locket
  docker plugin enable locket
docs/guides/install.md says more, README.md has an app that reads a secret`
/** The commands that remove what the demo made in the engine, newest first. */
const undo: (readonly string[])[] = []
let engine: DemoEngine | undefined
let interrupted = false
let isShown = false

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => (interrupted = true))
try {
  await demo()
  process.exitCode = 0
  isShown = true
} catch (thrown) {
  say(
    interrupted
      ? 'interrupted: taking everything away'
      : `failed: ${thrown instanceof Error ? thrown.message : String(thrown)}`,
  )
  process.exitCode = interrupted ? 130 : 1
} finally {
  await takeAllAway()
  if (isShown) say(NEXT)
}

async function demo(): Promise<void> {
  say('a secret, a container, a Docker Engine. Everything made here is named', name)
  await step('build the plugin: Node, locket and glibc, no base image (make rootfs)', () => make('rootfs'))
  engine = await step('find a Docker Engine', () => openDemoEngine(root))
  say(`   ${engine.description}`)
  await step('install the plugin: docker plugin create, set, enable', () => installPlugin())
  await step('make an image of a static busybox: nothing is pulled', async () => {
    await docker(
      ['import', '--change', 'ENV PATH=/bin', await busyboxTar(), name],
      ['image', 'rm', '-f', name],
    )
  })
  await step('store a secret: locket secret set demo/password --stdin', () => storeSecret())
  await step(
    `make a volume: docker volume create -d ${name} -o secret.password='{{ local://demo/password }}'`,
    () =>
      docker(
        ['volume', 'create', '-d', name, '-o', 'secret.password={{ local://demo/password }}', name],
        ['volume', 'rm', '-f', name],
      ),
  )
  await step('start a container that reads it: docker run -v …:/run/secrets', () => startContainer())
  await show('the secret, read in the container', ['exec', name, 'cat', '/run/secrets/password'], secret)
  await show('where it is: memory', ['exec', name, 'grep', '/run/secrets', '/proc/mounts'], 'tmpfs')
  await showVolume('the engine knows who uses it', true)
  await step('remove the container: docker rm -f', () => docker(['rm', '-f', name]))
  await showVolume('tmpfs, file and reference are gone', false)
  await step('remove the volume: docker volume rm', () => docker(['volume', 'rm', name]))
}

async function make(target: string): Promise<void> {
  await succeed('make', ['-s', '-C', root, target], { timeoutMs: 300_000 })
}

async function installPlugin(): Promise<void> {
  const plugin = join(root, 'dist/plugin')
  await succeed(join(root, 'plugin/build-id.sh'), [plugin])
  await docker(['plugin', 'create', name, plugin], ['plugin', 'rm', '-f', name])
  await docker(['plugin', 'set', name, `config.source=${folder}`])
  await docker(['plugin', 'enable', name])
}

async function storeSecret(): Promise<void> {
  const locket = join(root, 'dist/locket/bin/locket')
  await succeed(locket, ['secret', 'set', 'demo/password', '--stdin', ...store], { input: secret })
}

async function startContainer(): Promise<void> {
  const args = ['--name', name, '--network', 'none', '-v', `${name}:/run/secrets:ro`, name, 'sleep', '600']
  await docker(['run', '-d', ...args], ['rm', '-f', name])
}

/** Says what a command in the container printed; it must hold `expected`. */
async function show(what: string, args: readonly string[], expected: string): Promise<void> {
  const text = await docker(args)
  if (!text.includes(expected)) throw new Error(`expected ${expected}, the container said: ${text}`)
  say(`   ${what}:`, text)
}

/** Says what is left of the volume: on the engine's host, and in the driver's own words. */
async function showVolume(what: string, isMounted: boolean): Promise<void> {
  const status = JSON.parse(await docker(['volume', 'inspect', '--format', '{{json .Status}}', name]))
  const id = await docker(['plugin', 'inspect', '--format', '{{.Id}}', name])
  const dockerRoot = await docker(['info', '--format', '{{.DockerRootDir}}'])
  const { hostRoot } = running()
  const tmpfs = `${dockerRoot}/plugins/${id}/propagated-mount/volumes/${name}`
  const facts = {
    tmpfs: readFileSync(`${hostRoot}/proc/1/mountinfo`, 'utf8').includes(` ${tmpfs} `),
    file: existsSync(`${hostRoot}${tmpfs}/data/password`),
    reference: Object.keys(status['mounts'] ?? {}).length > 0,
  }
  say(
    `   ${what}:`,
    Object.entries(facts)
      .map(([thing, is]) => `${thing} ${is ? 'there' : 'gone'}`)
      .join(', '),
  )
  if (Object.values(facts).some((is) => is !== isMounted)) throw new Error(`not what it should be: ${what}`)
}

/** `docker ARGS…`, which must succeed; from then on `inverse` is owed. Its output, trimmed. */
async function docker(args: readonly string[], inverse?: readonly string[]): Promise<string> {
  if (inverse !== undefined) undo.unshift(inverse)
  return succeed('docker', args, { env: running().env, timeoutMs: 120_000 })
}

function running(): DemoEngine {
  if (engine === undefined) throw new Error('no engine yet')
  return engine
}

async function takeAllAway(): Promise<void> {
  const from = performance.now()
  if (engine !== undefined) {
    for (const args of undo) await command('docker', args, { env: engine.env, timeoutMs: 60_000 })
    await engine[Symbol.asyncDispose]()
  }
  rmSync(folder, { recursive: true, force: true })
  say(`everything is taken away again (${seconds(from)}); ${seconds(started)} in all`)
}

async function step<T>(what: string, does: () => Promise<T>): Promise<T> {
  if (interrupted) throw new Error('interrupted')
  const from = performance.now()
  say('-', what)
  const result = await does()
  say('  ', seconds(from))
  return result
}

function seconds(from: number): string {
  return `${((performance.now() - from) / 1000).toFixed(1)} s`
}

function say(...words: readonly string[]): void {
  process.stdout.write(`${words.join(' ')}\n`)
}
