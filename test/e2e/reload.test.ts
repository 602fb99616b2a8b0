import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

import { IMAGE } from '../../scripts/engine/engine.ts'
import { findLeaks } from '../../scripts/engine/leaks.ts'
import {
  CONFIG,
  createArgs,
  createVolume,
  LOCKET,
  startLocket,
  statusOf,
  storeSecret,
} from '../../scripts/engine/locket.ts'
import { killPlugin, setPlugin } from '../../scripts/engine/plugin.ts'
import { until } from '../../scripts/engine/until.ts'

const canary = (name: string) => `canary-reload-${name}-4c1e`
const FIRST = canary('first')

const engine = await startLocket({
  secrets: { a: FIRST, b: FIRST },
  toml: '[volume]\naudit-log = "/etc/locket/audit.log"\n',
})
after(() => engine[Symbol.asyncDispose]())

/** Reads its secret at the start and at SIGHUP alone, and says which one it has, as nginx does. */
const SERVER = `
load() { cat /s/a > $OUT/current; echo loaded >> $OUT/loads; }
trap load HUP
trap exit TERM
load
while :; do sleep 0.1; done`

const options = (onChange: string) => ({
  'secret.a': '{{ local://a }}',
  refresh: 'auto',
  'on-change': onChange,
})

/** Starts the server with these words of `docker run`, and waits until it has loaded its secret. */
async function startServer(name: string, volume: string, ...more: string[]): Promise<void> {
  const words = ['-d', '--name', name, '-v', `${volume}:/s`, '-e', 'OUT=/tmp', ...more]
  await engine.ok(['run', ...words, IMAGE, 'sh', '-c', SERVER])
  await until(`${name} has loaded`, async () => (await loadsOf(name)) === 1)
}

const inside = (name: string, script: string) => engine.ok(['exec', name, 'sh', '-c', script])
const loadsOf = async (name: string) => Number(await inside(name, 'wc -l < $OUT/loads || echo 0'))
const current = (name: string) => inside(name, 'cat $OUT/current')
const startOf = (name: string) => engine.ok(['inspect', '--format', '{{.State.StartedAt}}', name])

/** Stores a new value under `a`, and returns it. */
async function rotate(name: string): Promise<string> {
  const value = canary(name)
  await storeSecret(engine, 'a', value)
  return value
}

/** Long enough for a second reload that must not come. */
const QUIET_MS = 3000

test('without the socket of the engine: refused by name with the cure, except for touch', async () => {
  const said = await engine.fails(createArgs('vol', options('signal:SIGHUP')))
  assert.match(said, /volume vol: on-change is signal:SIGHUP, but locket was not given the Docker Engine's/)
  assert.match(said, /docker plugin set locket docker\.source=\/var\/run\/docker\.sock/)
  await createVolume(engine, 'touched', options('touch:.reload'))
  await engine.ok(['volume', 'rm', 'touched'])
})

test('docker.source gives the plugin the socket', async () => {
  await engine.ok(['plugin', 'disable', 'locket'])
  await setPlugin(engine, { 'docker.source': '/run/e2e/docker.sock' })
  await engine.ok(['plugin', 'enable', 'locket'])
  await createVolume(engine, 'vol', options('signal:SIGHUP'))
})

test('the audit line of a mount names the container that starts with the volume', async () => {
  await createVolume(engine, 'audited', options('off'))
  const id = await engine.ok(['run', '-d', '-v', 'audited:/s', IMAGE, 'sleep', '60'])
  const shown = ['audit', 'show', `${CONFIG}/audit.log`, '--volume', 'audited', '--format', 'json']
  const { stdout, stderr } = await engine.sandbox.exec(LOCKET, shown)
  const lines = stdout.split('\n').filter((line) => line.includes('"mount"'))
  assert.equal(lines.length, 1, stdout + stderr)
  assert.ok((lines[0] ?? '').includes(`"container":"${id.trim()}"`), stdout)
  await engine.ok(['rm', '-f', id.trim()])
  await engine.ok(['volume', 'rm', 'audited'])
})

test('signal: each container of the volume loads the new secret, once, and is not restarted', async () => {
  await startServer('one', 'vol')
  await startServer('two', 'vol')
  await startServer('excluded', 'vol', '--label', 'locket.on-change=off')
  await createVolume(engine, 'vol2', options('off'))
  await startServer('other', 'vol2')
  const starts = [await startOf('one'), await startOf('two')]
  const value = await rotate('signal')
  for (const name of ['one', 'two'])
    await until(`${name} has the new secret`, async () => (await current(name)) === value)
  await sleep(QUIET_MS)
  const loads = await Promise.all(['one', 'two', 'excluded', 'other'].map(loadsOf))
  assert.deepEqual(loads, [2, 2, 1, 1])
  assert.deepEqual([await startOf('one'), await startOf('two')], starts)
  assert.equal(await inside('excluded', 'cat /s/a'), value)
})

test('a secret that changes while the daemon is down reloads the containers when it is back', async () => {
  await killPlugin(engine, 'STOP')
  const value = await rotate('down')
  await killPlugin(engine, 'KILL')
  for (const name of ['one', 'two'])
    await until(`${name} has the new secret`, async () => (await current(name)) === value)
  await sleep(QUIET_MS)
  assert.deepEqual(await Promise.all(['one', 'two', 'excluded'].map(loadsOf)), [3, 3, 1])
  await engine.ok(['rm', '-f', 'one', 'two', 'excluded', 'other'])
  await engine.ok(['volume', 'rm', 'vol', 'vol2'])
})

test('restart: a program that reads its secret at the start has the new one, after one restart', async () => {
  await createVolume(engine, 'vol', options('restart'))
  await startServer('app', 'vol', '--restart', 'always')
  await startServer('hup', 'vol', '--label', 'locket.on-change=signal:HUP')
  const before = await startOf('hup')
  const value = await rotate('restart')
  for (const name of ['app', 'hup'])
    await until(`${name} has the new secret`, async () => (await current(name)) === value)
  await sleep(QUIET_MS)
  // A line for each start: the file outlives a restart.
  assert.deepEqual(await Promise.all(['app', 'hup'].map(loadsOf)), [2, 2])
  assert.equal(await startOf('hup'), before)
  const { mounts, warnings } = await statusOf(engine, 'vol')
  assert.deepEqual([mounts.length, warnings], [2, []])
  await engine.ok(['rm', '-f', 'app', 'hup'])
})

test('the only container of a volume: the restart wipes and mounts it, and nothing reloads again', async () => {
  await startServer('app', 'vol')
  const value = await rotate('alone')
  await until('it has the new secret', async () => (await current('app').catch(() => '')) === value)
  await sleep(QUIET_MS)
  assert.equal(await loadsOf('app'), 2)
  assert.equal((await statusOf(engine, 'vol')).mounts.length, 1)
  await engine.ok(['rm', '-f', 'app'])
  await engine.ok(['volume', 'rm', 'vol'])
})

test('exec: the command runs in the container as its user; one that fails is shown in Status', async () => {
  const command = `exec:sh -c 'id -u > $OUT/who; cat /s/a > $OUT/current; test ! -e $OUT/broken'`
  await createVolume(engine, 'vol', { ...options(command), user: '1000' })
  await startServer('app', 'vol', '--user', '1000:1000', '--tmpfs', '/own', '-e', 'OUT=/own')
  const value = await rotate('exec')
  await until('it has the new secret', async () => (await current('app')) === value)
  assert.equal(await inside('app', 'cat $OUT/who'), '1000')
  await inside('app', 'touch $OUT/broken')
  await rotate('broken')
  const warningOf = async () => (await statusOf(engine, 'vol')).warnings.join()
  await until('Status says so', async () =>
    /^on-change: exec:.* of app failed and is tried again: .*exit code 1$/s.test(await warningOf()),
  )
  await inside('app', 'rm $OUT/broken')
  await until('it has recovered', async () => (await warningOf()) === '')
  await engine.ok(['rm', '-f', 'app'])
  await engine.ok(['volume', 'rm', 'vol'])
})

test('touch: the file is new after a change, in a container that writes into the volume too', async () => {
  await createVolume(engine, 'vol', options('touch:.reload'))
  await startServer('app', 'vol')
  const fileOf = () => inside('app', 'stat -c "%i %s %a" /s/.reload')
  const before = await fileOf()
  assert.match(before, / 0 600$/)
  await rotate('touch')
  await until('it is new', async () => (await fileOf()) !== before)
  // A file that the container puts in its place is replaced, and never opened.
  await inside('app', 'rm /s/.reload && mkfifo /s/.reload')
  await rotate('touch-fifo')
  await until(
    'it is a file again',
    async () => (await fileOf()).endsWith(' 0 600') && inside('app', 'test -f /s/.reload'),
  )
  await engine.ok(['rm', '-f', 'app'])
  await engine.ok(['volume', 'rm', 'vol'])
})

test('two volumes of one container that change together: one signal', async () => {
  await createVolume(engine, 'vol', options('signal:SIGHUP'))
  await createVolume(engine, 'vol2', options('signal:SIGHUP'))
  await startServer('app', 'vol', '-v', 'vol2:/s2')
  const value = await rotate('together')
  await until('it has the new secret', async () => (await current('app')) === value)
  await sleep(QUIET_MS)
  assert.deepEqual([await inside('app', 'cat /s2/a'), await loadsOf('app')], [value, 2])
  await engine.ok(['rm', '-f', 'app'])
  await engine.ok(['volume', 'rm', 'vol', 'vol2'])
})

test('no value is left anywhere, and none was in a log or a command', async () => {
  const names = ['signal', 'down', 'restart', 'alone', 'exec', 'broken', 'touch', 'touch-fifo', 'together']
  assert.deepEqual(await findLeaks(engine, [FIRST, ...names.map(canary)]), [])
})
