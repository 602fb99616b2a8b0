/**
 * The daemon on the host, with a socket that the engine finds: the core of what the managed plugin's tests
 * say.
 */
import assert from 'node:assert/strict'
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

import { startEngine } from '../../scripts/engine/engine.ts'
import { findLeaks } from '../../scripts/engine/leaks.ts'
import {
  CONFIG,
  LOCKET,
  createArgs,
  createVolume,
  makeConfig,
  onHost,
  runWith,
  startWith,
  statusOf,
  storeSecret,
} from '../../scripts/engine/locket.ts'
import { mountedVolumes } from '../../scripts/engine/plugin.ts'
import type { Inmate } from '../../scripts/engine/sandbox.ts'
import { until } from '../../scripts/engine/until.ts'

const PASSWORD = 'canary-legacy-password-6e31'
const SOCKET = '/run/docker/plugins/locket.sock'
const STATE = '/run/e2e/state'
const LOG = '/run/e2e/locket.log'
const options = { 'secret.a': '{{ local://a }}' }

const engine = await startEngine()
after(() => engine[Symbol.asyncDispose]())
const toml = `
[volume]
state-dir = "${STATE}"
runtime-dir = "/run/e2e/runtime"
local-file = "${CONFIG}/secrets.age"
local-key = "${CONFIG}/local.key"
docker-socket = "/run/e2e/docker.sock"
`
await makeConfig(engine, { secrets: { a: PASSWORD }, toml })
let daemon: Inmate | undefined

test('a driver that appears after the engine asked for it is found', async () => {
  const created = engine.ok(createArgs('late', options))
  await sleep(2000)
  await startDaemon()
  await created
  assert.equal(await runWith(engine, 'late', 'cat /s/a'), PASSWORD)
  await engine.ok(['volume', 'rm', 'late'])
  const mode = (await stat(onHost(engine, SOCKET))).mode & 0o777
  assert.equal(mode, 0o600)
})

test('create, run, a second container, stop one, the other still reads, remove: nothing is left', async () => {
  await createVolume(engine, 'life', { ...options, user: '1000:1000', 'file-mode': '0400' })
  await startWith(engine, 'one', 'life', ['--user', '1000:1000'])
  await startWith(engine, 'two', 'life', ['--user', '1000:1000'])
  await engine.ok(['rm', '-f', 'one'])
  assert.equal(await engine.ok(['exec', 'two', 'cat', '/s/a']), PASSWORD)
  assert.equal((await statusOf(engine, 'life')).mounts.length, 1)
  await engine.ok(['rm', '-f', 'two'])
  assert.equal((await mountedVolumes(engine)).size, 0)
  await engine.ok(['volume', 'rm', 'life'])
})

test('docker-socket in locket.toml: a container gets the news of new content', async () => {
  await createVolume(engine, 'told', { ...options, refresh: 'auto', 'on-change': 'exec:cp /s/a /tmp/a' })
  await startWith(engine, 'told', 'told')
  await storeSecret(engine, 'a', `${PASSWORD}-new`)
  await until('it is told', async () => {
    return (await engine.docker(['exec', 'told', 'cat', '/tmp/a'])).stdout === `${PASSWORD}-new`
  })
  await engine.ok(['rm', '-f', 'told'])
  await engine.ok(['volume', 'rm', 'told'])
  await storeSecret(engine, 'a', PASSWORD)
})

test('a template anywhere on the host, watched', async () => {
  await mkdir(onHost(engine, '/run/e2e/templates'))
  await writeFile(onHost(engine, '/run/e2e/templates/app'), 'first {{ local://a }}')
  await createVolume(engine, 'tpl', { watch: 'true', 'secret.app': '@/run/e2e/templates/app' })
  await startWith(engine, 't1', 'tpl')
  assert.equal(await engine.ok(['exec', 't1', 'cat', '/s/app']), `first ${PASSWORD}`)
  await writeFile(onHost(engine, '/run/e2e/templates/app'), 'second')
  await until(
    'the edit is in the container',
    async () => (await engine.ok(['exec', 't1', 'cat', '/s/app'])) === 'second',
  )
  await engine.ok(['rm', '-f', 't1'])
  await engine.ok(['volume', 'rm', 'tpl'])
})

for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
  test(`${signal} of the daemon: the container reads on, and the last unmount after a start wipes`, async () => {
    await createVolume(engine, 'ended', options)
    await startWith(engine, 'e1', 'ended')
    await daemon?.kill(signal)
    assert.equal(await engine.ok(['exec', 'e1', 'cat', '/s/a']), PASSWORD)
    await startDaemon()
    assert.equal((await statusOf(engine, 'ended')).state, 'mounted')
    assert.equal(await engine.ok(['exec', 'e1', 'cat', '/s/a']), PASSWORD)
    await engine.ok(['rm', '-f', 'e1'])
    assert.equal((await mountedVolumes(engine)).size, 0)
    await engine.ok(['volume', 'rm', 'ended'])
  })
}

test('a container that ends while the daemon is away: its reference heals', async () => {
  await createVolume(engine, 'away', options)
  await startWith(engine, 'a1', 'away')
  await daemon?.kill('SIGKILL')
  // The engine tries for 15 s, then goes on without an answer.
  await engine.ok(['kill', 'a1'])
  await until(
    'the engine gave up',
    async () => (await engine.ok(['inspect', '--format', '{{.State.Status}}', 'a1'])) === 'exited',
    {
      timeoutMs: 60_000,
    },
  )
  await startDaemon()
  assert.equal((await statusOf(engine, 'away')).mounts.length, 1)
  await engine.ok(['start', 'a1'])
  assert.equal(await engine.ok(['exec', 'a1', 'cat', '/s/a']), PASSWORD)
  await engine.ok(['rm', '-f', 'a1'])
  await engine.ok(['volume', 'rm', 'away'])
  assert.equal((await mountedVolumes(engine)).size, 0)
})

test('started before the engine: containers with restart: always get their secrets', async () => {
  await createVolume(engine, 'boot', options)
  await startWith(engine, 'b1', 'boot', ['--restart', 'always'])
  await engine.kill('SIGTERM')
  await daemon?.kill('SIGTERM')
  assert.equal((await mountedVolumes(engine)).size, 0)
  await startDaemon()
  await engine.start()
  assert.equal(await until('b1 runs again', () => engine.ok(['exec', 'b1', 'cat', '/s/a'])), PASSWORD)
  await engine.ok(['rm', '-f', 'b1'])
  assert.equal((await mountedVolumes(engine)).size, 0)
})

test('a reboot: references of the earlier boot are dropped', async () => {
  await startWith(engine, 'r1', 'boot')
  assert.equal((await statusOf(engine, 'boot')).mounts.length, 1)
  await engine.crash()
  await engine.sandbox.exec('sh', ['-c', 'for m in /run/e2e/runtime/volumes/*; do umount "$m"; done'])
  await otherBootId()
  await startDaemon()
  await engine.start()
  assert.deepEqual((await statusOf(engine, 'boot')).mounts, [])
  assert.match(await readFile(onHost(engine, LOG), 'utf8'), /earlier boot/)
  await engine.ok(['start', 'r1'])
  assert.equal(await engine.ok(['exec', 'r1', 'cat', '/s/a']), PASSWORD)
  await engine.ok(['rm', '-f', 'r1'])
  await engine.ok(['volume', 'rm', 'boot'])
})

test('a second daemon does not take the socket of one that answers; a dead one is replaced', async () => {
  const args = ['volume', '--config', `${CONFIG}/locket.toml`]
  const otherState = ['--state-dir', '/run/e2e/other-state']
  const sharesRuntime = await engine.sandbox.exec(LOCKET, [...args, ...otherState])
  assert.notEqual(sharesRuntime.code, 0)
  assert.match(sharesRuntime.stderr, /another locket .*\/run\/e2e\/runtime/)
  const otherRuntime = ['--runtime-dir', '/run/e2e/other-runtime']
  const sharesSocket = await engine.sandbox.exec(LOCKET, [...args, ...otherState, ...otherRuntime])
  assert.notEqual(sharesSocket.code, 0)
  assert.match(sharesSocket.stderr, /locket\.sock/)
  await daemon?.kill('SIGKILL')
  assert.ok((await stat(onHost(engine, SOCKET))).isSocket())
  await startDaemon()
  await engine.ok(createArgs('again', options))
  await engine.ok(['volume', 'rm', 'again'])
})

test('no value is anywhere but where it belongs', async () => {
  assert.deepEqual(
    await findLeaks(engine, [PASSWORD], { paths: [CONFIG, STATE, LOG, '/run/e2e/runtime'] }),
    [],
  )
})

async function startDaemon(): Promise<void> {
  const before = (await readFile(onHost(engine, LOG), 'utf8').catch(() => '')).length
  daemon = await engine.sandbox.spawn(LOCKET, ['volume', '--config', `${CONFIG}/locket.toml`], {
    log: onHost(engine, LOG),
  })
  await until('locket listens', async () => {
    const said = (await readFile(onHost(engine, LOG), 'utf8')).slice(before)
    if (daemon?.isAlive() !== true) throw new Error(`locket ended: ${said}`)
    return said.includes('listening')
  })
}

/** Over the kernel's, for whoever reads it in the sandbox. */
async function otherBootId(): Promise<void> {
  const script = `echo 11111111-2222-4333-8444-555555555555 > /run/e2e/boot && mount --bind /run/e2e/boot /proc/sys/kernel/random/boot_id`
  const ran = await engine.sandbox.exec('sh', ['-c', script])
  assert.equal(ran.code, 0, ran.stderr)
}
