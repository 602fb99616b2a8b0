import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { after, test } from 'node:test'

import { fakeConnect, TOKEN_FILE, writeToken } from '../../scripts/engine/connect.ts'
import { IMAGE } from '../../scripts/engine/engine.ts'
import { findLeaks } from '../../scripts/engine/leaks.ts'
import {
  CONFIG,
  createVolume,
  recordsOf,
  runWith,
  startLocket,
  startWith,
  statusOf,
} from '../../scripts/engine/locket.ts'
import { mountedVolumes } from '../../scripts/engine/plugin.ts'
import { until } from '../../scripts/engine/until.ts'

const PASSWORD = 'canary-trouble-password-51c0'
const LOCAL = 'canary-trouble-local-02be'
const TOKEN = 'canary-trouble-token-9a44'
const canaries = [PASSWORD, LOCAL, TOKEN]

const engine = await startLocket({
  secrets: { a: LOCAL },
  toml: `
[volume]
connect-host = "http://127.0.0.1:8080"
connect-token = "file:/etc/locket/${TOKEN_FILE}"
mount-timeout = "4s"
linger = "0s"
`,
})
after(() => engine[Symbol.asyncDispose]())
const connect = await fakeConnect(engine, { token: TOKEN, password: PASSWORD })
const options = { 'secret.password': '{{ op://v/i/password }}' }

test('a missing token, or a provider that is down: docker run shows the message', async () => {
  await createVolume(engine, 'remote', options)
  assert.match(await failedRun('remote'), /remote.*op:\/\/v\/i\/password.*tokens\/connect/s)
  await writeToken(engine, TOKEN)
  assert.match(await failedRun('remote'), /remote.*op:\/\/v\/i\/password.*127\.0\.0\.1:8080/s)
  await leftNothing('remote')
})

test('the provider comes up: the same volume mounts, with nothing done to it', async () => {
  await connect.start()
  assert.equal(await runWith(engine, 'remote', 'cat /s/password'), PASSWORD)
  assert.equal((await statusOf(engine, 'remote')).lastError, null)
})

test('a token that is refused fails at once, and names neither itself nor the body', async () => {
  await writeToken(engine, 'canary-trouble-token-wrong')
  const start = performance.now()
  const said = await failedRun('remote')
  assert.ok(performance.now() - start < 3000, 'it was tried until the deadline')
  assert.match(said, /op:\/\/v\/i\/password/)
  assert.doesNotMatch(said, /canary/)
  await writeToken(engine, TOKEN)
  assert.equal(await runWith(engine, 'remote', 'cat /s/password'), PASSWORD)
})

test('every reference that fails is named, in one message', async () => {
  await createVolume(engine, 'many', {
    'secret.a': '{{ op://v/i/password }}',
    'secret.b': '{{ op://v/i/nothing }}',
    'secret.c': '{{ op://v/none/password }} {{ local://none }}',
  })
  const said = await failedRun('many')
  for (const text of ['op://v/i/nothing', 'op://v/none/password', 'local://none'])
    assert.ok(said.includes(text), said)
  assert.ok(!said.includes('op://v/i/password '), said)
  await leftNothing('many')
  await engine.ok(['volume', 'rm', 'many'])
})

test('beside a provider that hangs, the others and every listing stay quick', async () => {
  await createVolume(engine, 'near', { 'secret.a': '{{ local://a }}' })
  connect.signal('SIGSTOP')
  const hanging = [failedRun('remote'), failedRun('remote')]
  await sleep(500)
  const quick: [string, () => Promise<unknown>][] = [
    ['volume ls', () => engine.ok(['volume', 'ls'])],
    ['inspect of the volume that hangs', () => engine.ok(['volume', 'inspect', 'remote'])],
    ['volume create', () => createVolume(engine, 'meanwhile', { 'secret.a': '{{ local://a }}' })],
    ['volume rm', () => engine.ok(['volume', 'rm', 'meanwhile'])],
    ['run with another volume', () => runWith(engine, 'near', 'cat /s/a')],
  ]
  for (const [what, work] of quick) {
    const start = performance.now()
    await work()
    assert.ok(performance.now() - start < 2000, `${what} took ${Math.round(performance.now() - start)} ms`)
  }
  for (const said of await Promise.all(hanging)) assert.match(said, /op:\/\/v\/i\/password/)
  connect.signal('SIGCONT')
  await leftNothing('remote')
  assert.equal(await runWith(engine, 'remote', 'cat /s/password'), PASSWORD)
})

test('a provider that starts 20 s after the engine: a restart: always container gets its secret', async () => {
  await createVolume(engine, 'late', { ...options, 'mount-timeout': '100s' })
  await startWith(engine, 'always', 'late', ['--restart', 'always'])
  await connect.stop()
  await engine.kill('SIGTERM')
  const late = sleep(20_000).then(() => connect.start())
  await engine.start()
  await late
  const read = () => engine.docker(['exec', 'always', 'cat', '/s/password'])
  const seen = await until('the container reads its secret', async () => {
    const ran = await read()
    return ran.code === 0 ? ran.stdout : undefined
  })
  assert.equal(seen, PASSWORD)
  assert.equal((await recordsOf(engine)).get('late')?.length, 1)
  await engine.ok(['rm', '-f', 'always'])
  await leftNothing('late')
})

test('restart policies: each start has the secret, and at the end no mount is left', async () => {
  const script = 'cat /s/password > /dev/null && exit 3'
  await engine.ok([
    'run',
    '-d',
    '--name',
    'onfail',
    '--restart',
    'on-failure:2',
    '-v',
    'late:/s',
    IMAGE,
    'sh',
    '-c',
    script,
  ])
  await until('it gave up', async () => {
    const state = await engine.ok([
      'inspect',
      '--format',
      '{{.RestartCount}} {{.State.Status}} {{.State.ExitCode}}',
      'onfail',
    ])
    return state === '2 exited 3'
  })
  await leftNothing('late')
  await engine.ok(['rm', 'onfail'])
  await engine.ok(['volume', 'rm', 'late', 'near', 'remote'])
})

test('no value and no token is anywhere but where it belongs', async () => {
  assert.deepEqual(
    await findLeaks(engine, canaries, { paths: [`${CONFIG}/state`, `${CONFIG}/secrets.age`] }),
    [],
  )
})

async function failedRun(volume: string): Promise<string> {
  return await engine.fails(['run', '--rm', '-v', `${volume}:/s`, IMAGE, 'cat', '/s/password'])
}

async function leftNothing(volume: string): Promise<void> {
  assert.deepEqual((await recordsOf(engine)).get(volume), [])
  assert.equal((await mountedVolumes(engine)).has(volume), false)
}
