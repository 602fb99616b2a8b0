import assert from 'node:assert/strict'
import { after, test } from 'node:test'

import { fakeConnect, TOKEN_FILE, writeToken } from '../../scripts/engine/connect.ts'
import { findLeaks } from '../../scripts/engine/leaks.ts'
import { CONFIG, LOCKET, startLocket, storeSecret } from '../../scripts/engine/locket.ts'
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

const OLD = 'canary-rotate-old-7c1e'
const NEW = 'canary-rotate-new-19fb'
const CONNECT = 'canary-rotate-connect-52aa'
const TOKEN = 'canary-rotate-token-d083'

const engine = await startLocket({
  secrets: { 'shop/db': OLD },
  settings: { LOCKET_SWARM_TTL: '1s', LOCKET_LINGER: '0s' },
  toml: `
[volume]
connect-host = "http://127.0.0.1:8080"
connect-token = "file:/etc/locket/${TOKEN_FILE}"
`,
})
after(() => engine[Symbol.asyncDispose]())
const connect = await fakeConnect(engine, { token: TOKEN, password: CONNECT })
await writeToken(engine, TOKEN)
await connect.start()
await startSwarm(engine)

/** `locket swarm rotate` on the manager, with the settings of the plugin. */
async function rotate(...more: string[]): Promise<{ readonly code: number; readonly text: string }> {
  const where = ['--local-file', `${CONFIG}/secrets.age`, '--local-key', `${CONFIG}/local.key`]
  const at = ['--docker-socket', '/run/e2e/docker.sock', '--state-dir', '/run/e2e/rotate']
  const times = ['--swarm-ttl', '1s', '--linger', '0s']
  const ran = await engine.sandbox.exec(LOCKET, ['swarm', 'rotate', ...where, ...at, ...times, ...more])
  return { code: ran.code, text: ran.stdout + ran.stderr }
}

/** The names of the running tasks of a service. */
async function running(service: string): Promise<string[]> {
  const text = await engine.ok(['service', 'ps', '--filter', 'desired-state=running', '-q', service])
  return text.split('\n').toSorted((a, b) => a.localeCompare(b))
}

test('a changed value: one rolling update, every task has the new one, no new secret', async () => {
  await createSecret(engine, 'db', { 'locket.secret': 'local://shop/db' })
  const rolling = [
    '--update-order',
    'start-first',
    '--update-monitor',
    '1s',
    '--update-failure-action',
    'rollback',
  ]
  await createService(engine, 'shop', ['db'], ['--replicas', '2', '-l', 'locket.rotate=redeploy', ...rolling])
  await untilRunning(engine, 'shop', 2)
  assert.equal(await shownBy(engine, 'shop', 'db'), OLD)
  const ids = await engine.ok(['secret', 'ls', '-q'])
  assert.match((await rotate()).text, /^shop +noted +- +seen for the first time/m)
  await storeSecret(engine, 'shop/db', NEW)
  const dry = await rotate('--dry-run')
  assert.match(dry.text, /^shop +changed +db +would be redeployed$/m)
  const { code, text } = await rotate()
  assert.equal(code, 0, text)
  assert.match(text, /^shop +redeployed +db/m)
  await until('both new tasks show the new value', async () => {
    const lines = (await engine.ok(['service', 'logs', '--raw', 'shop'])).split('\n')
    return lines.filter((line) => line === `/run/secrets/db=${NEW}`).length === 2
  })
  assert.equal(await engine.ok(['secret', 'ls', '-q']), ids)
  assert.match((await rotate()).text, /^shop +unchanged/m)
  process.stdout.write(text)
})

test('the provider is down: nothing is redeployed, and nobody loses a replica', async () => {
  const before = await running('shop')
  await engine.sandbox.exec('mv', [`${CONFIG}/secrets.age`, `${CONFIG}/away.age`])
  const { code, text } = await rotate()
  assert.notEqual(code, 0)
  assert.match(text, /^shop +failed/m)
  await engine.sandbox.exec('mv', [`${CONFIG}/away.age`, `${CONFIG}/secrets.age`])
  assert.deepEqual(await running('shop'), before)
  assert.equal((await tasksOf(engine, 'shop')).filter((task) => task.startsWith('Running')).length, 2)
  await removeServices(engine, 'shop')
})

test('volumes: a bare reference, and braces that are quoted for Swarm', async () => {
  const mount = (name: string, option: string) =>
    `type=volume,volume-driver=locket,src=${name},dst=/run/secrets,volume-opt=secret.db=${option}`
  await createService(engine, 'bare', [], ['--mount', mount('bare', 'local://shop/db')])
  await createService(engine, 'quoted', [], ['--mount', mount('quoted', 'u={{`{{ local://shop/db }}`}}')])
  await untilRunning(engine, 'bare')
  await untilRunning(engine, 'quoted')
  assert.equal(await shownBy(engine, 'bare', 'db'), NEW)
  assert.equal(await shownBy(engine, 'quoted', 'db'), `u=${NEW}`)
  await removeServices(engine, 'bare', 'quoted')
  await engine.ok(['volume', 'rm', 'bare', 'quoted'])
})

test('a provider that hangs when the manager starts does not stop the Swarm', async () => {
  const names = ['c1', 'c2', 'c3']
  for (const name of names)
    await createSecret(engine, name, { 'locket.secret': `${name}={{ op://v/i/password }}` })
  await createService(engine, 'many', names, ['--replicas', '6'])
  await untilRunning(engine, 'many', 6)
  // The memory of the plugin is empty after that.
  await engine.kill('SIGTERM')
  connect.signal('SIGSTOP')
  await engine.start()
  const node = await until('the node is there', () => engine.ok(['node', 'ls', '-q']), { timeoutMs: 60_000 })
  const start = performance.now()
  await until('the Swarm can be changed', async () => {
    const ran = await engine.docker(['node', 'update', '--label-add', 'a=b', node])
    return ran.code === 0
  })
  const seconds = (performance.now() - start) / 1000
  process.stdout.write(`18 questions at the start, provider hangs: a change takes ${seconds.toFixed(1)} s\n`)
  // Each question alone would take 30 s without a limit.
  assert.ok(seconds < 20, `${seconds} s`)
  connect.signal('SIGCONT')
  await untilRunning(engine, 'many', 6)
  await removeServices(engine, 'many')
})

test('no value in the state of rotations, in the log or anywhere else', async () => {
  const paths = ['/run/e2e/rotate']
  assert.deepEqual(await findLeaks(engine, [OLD, NEW, CONNECT, TOKEN], { paths }), [])
})
