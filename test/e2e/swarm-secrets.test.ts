import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { after, test } from 'node:test'

import { succeed } from '../../scripts/engine/command.ts'
import { fakeConnect, TOKEN_FILE, writeToken } from '../../scripts/engine/connect.ts'
import { findLeaks } from '../../scripts/engine/leaks.ts'
import { CONFIG, LOCKET, onHost, startLocket, storeSecret } from '../../scripts/engine/locket.ts'
import { anotherBuild, killPlugin, pluginNamed, setPlugin } from '../../scripts/engine/plugin.ts'
import { REGISTRY, startRegistry } from '../../scripts/engine/registry.ts'
import {
  createSecret,
  createService,
  removeServices,
  shownBy,
  startSwarm,
  tasksOf,
  untilRunning,
} from '../../scripts/engine/swarm.ts'
import { until } from '../../scripts/engine/until.ts'

const VALUE = 'canary-swarm-value-31d7'
const CONNECT = 'canary-swarm-connect-a04b'
const TOKEN = 'canary-swarm-token-66f2'
const PUSH = resolve(import.meta.dirname, '../../plugin/push.sh')
const ALL = [VALUE, CONNECT, TOKEN]

const engine = await startLocket({
  secrets: { 'shop/db': VALUE, 'size/511999': 'x'.repeat(511_999), 'size/512000': 'x'.repeat(512_000) },
  toml: `
[volume]
connect-host = "http://127.0.0.1:8080"
connect-token = "file:/etc/locket/${TOKEN_FILE}"

[[swarm.rules]]
secrets = ["*"]

[[swarm.rules]]
effect = "deny"
services = ["denied"]
`,
})
after(() => engine[Symbol.asyncDispose]())
const connect = await fakeConnect(engine, { token: TOKEN, password: CONNECT })
await writeToken(engine, TOKEN)
await connect.start()
await startSwarm(engine)

async function status(): Promise<string> {
  const ran = await engine.sandbox.exec(LOCKET, ['status'])
  assert.equal(ran.code, 0, ran.stderr)
  return ran.stdout
}

const SOCKET = ['--docker-socket', '/run/e2e/docker.sock']

/** `locket volumes prune` on the host. */
async function prune(...more: readonly string[]): Promise<string> {
  const ran = await engine.sandbox.exec(LOCKET, ['volumes', 'prune', ...SOCKET, ...more])
  assert.equal(ran.code, 0, ran.stderr)
  return ran.stdout
}

async function volumes(): Promise<string> {
  return (await engine.ok(['volume', 'ls', '-q'])).split('\n').join(' ')
}

test('the engine takes the one plugin for both, and a service reads its secret', async () => {
  const { id } = await pluginNamed(engine)
  const types = await engine.ok(['plugin', 'inspect', '--format', '{{json .Config.Interface.Types}}', id])
  assert.match(types, /volumedriver\/1\.0.*secretprovider\/1\.0/)
  await createSecret(engine, 'db_password', { 'locket.secret': '{{ local://shop/db }}' })
  await createSecret(engine, 'dsn', { 'locket.ref': 'db://u:{{ op://v/i/password }}@h' })
  await createService(engine, 'shop', ['db_password', 'dsn'], ['--replicas', '2'])
  await untilRunning(engine, 'shop', 2)
  assert.equal(await shownBy(engine, 'shop', 'db_password'), VALUE)
  assert.equal(await shownBy(engine, 'shop', 'dsn'), `db://u:${CONNECT}@h`)
  assert.match(await status(), /^db_password +2 +\d+s +ok$/m)
})

test('a denied service beside an allowed one: it gets nothing, and the cause can be seen', async () => {
  await createService(engine, 'denied', ['db_password'])
  const failed = await until('a task of it has failed', async () =>
    (await tasksOf(engine, 'denied')).find((task) => task.startsWith('Failed') && task.includes('secret')),
  )
  assert.match(failed, /unable to get secret from secret store: secret .* not found/)
  await engine.ok(['service', 'scale', '-d', 'shop=3'])
  await untilRunning(engine, 'shop', 3)
  const text = await until('the status has it', async () => {
    const now = await status()
    return (
      /denied\.1\.\w+: a rule of \[\[swarm\.rules\]\] denies service denied to read db_password/.test(now) &&
      now
    )
  })
  process.stdout.write(text)
  const log = await engine.logs()
  const lines = log.split('\n').filter((line) => line.includes('swarm.refused'))
  assert.equal(lines.length, 1, lines.join('\n'))
  assert.ok(!(await tasksOf(engine, 'denied')).some((task) => task.startsWith('Running')))
  await removeServices(engine, 'denied', 'shop')
})

test('sizes: 511,999 bytes arrive, 512,000 are refused with the way out', async () => {
  await createSecret(engine, 'fits', { 'locket.secret': 'local://size/511999' })
  await createSecret(engine, 'large', { 'locket.secret': 'local://size/512000' })
  await createService(engine, 'fit', ['fits'])
  await createService(engine, 'big', ['large'])
  await untilRunning(engine, 'fit')
  const name = (await engine.ok(['ps', '--filter', 'label=com.docker.swarm.service.name=fit', '-q'])).split(
    '\n',
  )[0]
  assert.equal(await engine.ok(['exec', String(name), 'sh', '-c', 'wc -c < /run/secrets/fits']), '511999')
  await until('the status says why', async () =>
    /^large +0 [\s\S]*has more than 511999 bytes, the limit of Swarm/m.test(await status()),
  )
  await removeServices(engine, 'fit', 'big')
})

test('the plugin is killed in the middle of a call: the task gets the right value or none', async () => {
  await createSecret(engine, 'cut', { 'locket.secret': 'op://v/i/password', 'locket.provider': 'op-connect' })
  // Another text of the same reference, so that no value is in memory.
  await createSecret(engine, 'cold', { 'locket.secret': 'cold={{ op://v/i/password }}' })
  connect.signal('SIGSTOP')
  await createService(engine, 'cut', ['cold'])
  await until('the call is under way', async () =>
    (await tasksOf(engine, 'cut')).some((task) =>
      /^(Assigned|Accepted|Preparing|Pending|Ready|Starting|Failed)/.test(task),
    ),
  )
  await killPlugin(engine, 'KILL')
  connect.signal('SIGCONT')
  await untilRunning(engine, 'cut')
  assert.equal(await shownBy(engine, 'cut', 'cold'), `cold=${CONNECT}`)
  const shown = await engine.ok(['service', 'logs', '--raw', 'cut'])
  assert.ok(
    shown.split('\n').every((line) => line === '' || line === `/run/secrets/cold=cold=${CONNECT}`),
    shown,
  )
  await removeServices(engine, 'cut')
})

test('docker stack deploy: a changed label holds for the next task', async () => {
  const stack = (reference: string) => `
version: "3.8"
services:
  app:
    image: bb
    command: ["sh", "-c", "for f in /run/secrets/*; do echo \\"$$f=$$(cat $$f)\\"; done; trap exit TERM; sleep 100000 & wait"]
    secrets: [token]
    volumes: ["files:/files"]
secrets:
  token:
    driver: locket
    labels:
      locket.secret: "${reference}"
volumes:
  files:
    driver: locket
    driver_opts:
      secret.db: "local://shop/db"
`
  const file = '/run/e2e/stack.yml'
  const deploy = async (reference: string) => {
    await writeFile(onHost(engine, file), stack(reference))
    await engine.ok(['stack', 'deploy', '--resolve-image', 'never', '-c', onHost(engine, file), 'st'])
  }
  await deploy('{{ local://shop/db }}')
  await untilRunning(engine, 'st_app')
  assert.equal(await shownBy(engine, 'st_app', 'token'), VALUE)
  await deploy('v={{ local://shop/db }}')
  await engine.ok(['service', 'update', '-d', '--force', 'st_app'])
  await until(
    'the new task shows the new text',
    async () => (await engine.ok(['service', 'logs', '--raw', 'st_app'])).includes(`=v=${VALUE}`),
    { timeoutMs: 60_000 },
  )
  const used = await prune('--dry-run')
  assert.match(used, /^st_files +kept +container st_app\.1\.\S+ mounts it$/m)
  await engine.ok(['stack', 'rm', 'st'])
  await until('no container is left', async () => (await engine.ok(['ps', '-aq'])) === '', {
    timeoutMs: 60_000,
  })
})

test('volumes prune removes what the stack left on the node, and nothing else', async () => {
  await engine.ok(['volume', 'create', '-d', 'locket', '-o', 'secret.db=local://shop/db', 'by-hand'])
  await engine.ok(['volume', 'create', '--label', 'com.docker.stack.namespace=st', 'st_other'])
  assert.match(
    await prune('--dry-run'),
    /^st_files +would be removed +of stack st; no container and no service/m,
  )
  assert.equal(await volumes(), 'by-hand st_files st_other')
  assert.match(await prune('--force'), /^1 removed, 1 kept$/m)
  assert.equal(await volumes(), 'by-hand st_other')
  assert.match(await prune('--force', '--all', '--filter', 'name=by-*'), /^1 removed$/m)
  assert.equal(await volumes(), 'st_other')
  await engine.ok(['volume', 'rm', 'st_other'])
})

test('disabled, upgraded, enabled: running tasks stay, and the next ones get their value', async () => {
  await createSecret(engine, 'stays', { 'locket.secret': 'local://shop/db' })
  await createService(engine, 'before', ['stays'])
  await untilRunning(engine, 'before')
  const ids = await engine.ok(['service', 'ps', '-q', 'before'])
  await startRegistry(engine)
  const folder = await anotherBuild(onHost(engine, '/run/e2e/plugin-next'))
  await succeed(PUSH, [REGISTRY, 'locket', folder], { env: engine.env, timeoutMs: 120_000 })
  await engine.ok(['plugin', 'disable', 'locket'])
  await createService(engine, 'meanwhile', ['stays'])
  await until('a task of it has failed', async () =>
    (await tasksOf(engine, 'meanwhile')).some((task) => /^Failed.*unable to get secret/.test(task)),
  )
  const away = await engine.sandbox.exec(LOCKET, ['check', '--swarm', ...SOCKET])
  assert.match(away.stdout, /the plugin locket of this manager is disabled/)
  const upgrade = ['plugin', 'upgrade', '--grant-all-permissions', '--skip-remote-check']
  await engine.ok([...upgrade, 'locket', `${REGISTRY}/locket`])
  await setPlugin(engine, { 'config.source': CONFIG })
  await engine.ok(['plugin', 'enable', 'locket'])
  await untilRunning(engine, 'meanwhile')
  assert.equal(await shownBy(engine, 'meanwhile', 'stays'), VALUE)
  assert.equal(await engine.ok(['service', 'ps', '-q', 'before']), ids)
  await removeServices(engine, 'before', 'meanwhile')
})

test('no value in raft, log, inspect, status or anywhere else', async () => {
  await storeSecret(engine, 'shop/other', VALUE)
  assert.ok(!(await status()).includes('canary'))
  for (const name of (await engine.ok(['secret', 'ls', '-q'])).split('\n'))
    assert.ok(!(await engine.ok(['secret', 'inspect', name])).includes('canary'))
  assert.deepEqual(await findLeaks(engine, ALL, { paths: ['/run/e2e/data/swarm'] }), [])
})
