import assert from 'node:assert/strict'
import { after, test } from 'node:test'

import { fakeConnect, TOKEN_FILE, writeToken } from '../../scripts/engine/connect.ts'
import { startEngine, type Engine } from '../../scripts/engine/engine.ts'
import { findLeaks } from '../../scripts/engine/leaks.ts'
import { CONFIG, LOCKET, makeConfig } from '../../scripts/engine/locket.ts'
import { installPlugin } from '../../scripts/engine/plugin.ts'
import { joinManagers } from '../../scripts/engine/swarm-hosts.ts'
import { createSecret, createService, shownBy, untilRunning } from '../../scripts/engine/swarm.ts'
import { until } from '../../scripts/engine/until.ts'

const VALUE = 'canary-managers-value-5e2c'
const CONNECT = 'canary-managers-connect-b7d4'
const TOKEN = 'canary-managers-token-0f93'
const SETTINGS = { 'config.source': CONFIG, LOCKET_SWARM_TTL: '1s', LOCKET_SWARM_STALE: '0s' }
const TOML = `
[volume]
connect-host = "http://127.0.0.1:8080"
connect-token = "file:/etc/locket/${TOKEN_FILE}"
linger = "0s"
`
const PATIENT = { timeoutMs: 120_000 }

/** A host with an engine, the folder of its operator, and a Connect server. */
async function host(hasPlugin: boolean) {
  const engine = await startEngine()
  after(() => engine[Symbol.asyncDispose]())
  await makeConfig(engine, { secrets: { 'shop/db': VALUE }, toml: TOML })
  const connect = await fakeConnect(engine, { token: TOKEN, password: CONNECT })
  await writeToken(engine, TOKEN)
  await connect.start()
  if (hasPlugin) await installPlugin(engine, { settings: SETTINGS })
  return { engine, connect }
}

const hosts = await Promise.all([host(false), host(true), host(true)])
const [one, two, three] = hosts.map(({ engine }) => engine) as [Engine, Engine, Engine]
const all = [one, two, three]
await joinManagers(all)

/** `locket check --swarm` on a host, with the settings of the plugin. */
async function check(engine: Engine): Promise<{ readonly code: number; readonly text: string }> {
  const local = ['--local-file', `${CONFIG}/secrets.age`, '--local-key', `${CONFIG}/local.key`]
  const config = ['--config', `${CONFIG}/locket.toml`, '--connect-token', `file:${CONFIG}/${TOKEN_FILE}`]
  const at = ['--docker-socket', '/run/e2e/docker.sock']
  const ran = await engine.sandbox.exec(LOCKET, ['check', '--swarm', ...at, ...config, ...local])
  return { code: ran.code, text: ran.stdout + ran.stderr }
}

const ids = await Promise.all(all.map((engine) => engine.ok(['info', '--format', '{{.Swarm.NodeID}}'])))
const [first = ''] = ids

/** The engine of the manager that leads, as another one sees it. */
async function leaderSeenBy(engine: Engine): Promise<Engine | undefined> {
  const ran = await engine.docker(['node', 'ls', '--format', '{{.ID}} {{.ManagerStatus}}'])
  const line = ran.stdout.split('\n').find((one) => one.endsWith(' Leader'))
  return all[ids.indexOf(line?.split(' ')[0] ?? '')]
}

/** The IDs of the running tasks of `shop` that are not on the first host. */
async function runningElsewhere(engine: Engine): Promise<string[]> {
  const words = ['service', 'ps', '--no-trunc', '-q', '--filter', 'desired-state=running', 'shop']
  const tasks = (await engine.ok(words)).split('\n')
  const format = '{{.ID}} {{.NodeID}} {{.Status.State}}'
  const text = await engine.ok(['inspect', '--type', 'task', '--format', format, ...tasks])
  const lines = text.split('\n').map((line) => line.split(' '))
  return lines.flatMap(([id = '', node, state]) => (state === 'running' && node !== first ? [id] : []))
}

test('check --swarm: a manager without the plugin is named; then all three say the same', async () => {
  const lacking = await check(two)
  assert.equal(lacking.code, 78)
  assert.match(lacking.text, new RegExp(`\\(${first}\\) has no enabled plugin locket`))
  assert.match(lacking.text, /\(this one\) +reachable +enabled$/m)
  await installPlugin(one, { settings: SETTINGS })
  await createSecret(one, 'db', { 'locket.secret': '{{ local://shop/db }}' })
  await createSecret(one, 'dsn', { 'locket.secret': 'db://u:{{ op://v/i/password }}@h' })
  const good = await check(one)
  assert.equal(good.code, 0, good.text)
  assert.match(good.text, /\(this one\) +leads +enabled$/m)
  const compared = new Set<string>()
  for (const engine of all) {
    // The others learn within 20 s that the first one has the plugin now. That is not waited for.
    const { text } = await check(engine)
    compared.add(/^swarm: build .*$/m.exec(text)?.[0] ?? text)
    assert.match(text, /^2 references ok, 0 failed/m)
  }
  assert.equal(compared.size, 1, [...compared].join('\n'))
})

test('the leader is killed: tasks elsewhere stay, and the new leader gives the value', async () => {
  await createService(one, 'shop', ['db', 'dsn'], ['--replicas', '3'])
  await untilRunning(one, 'shop', 3)
  const elsewhere = await runningElsewhere(one)
  assert.ok(elsewhere.length > 0)
  await one.kill('SIGKILL')
  const leader = await until('another one leads', async () => await leaderSeenBy(two), PATIENT)
  assert.notEqual(leader, one)
  await until('the service can be changed', async () => {
    const ran = await leader.docker(['service', 'scale', '-d', 'shop=6'])
    return ran.code === 0
  })
  // A task runs only when it has its secrets.
  await until(
    'new tasks run',
    async () => (await runningElsewhere(leader)).length > elsewhere.length,
    PATIENT,
  )
  await one.start()
  await untilRunning(leader, 'shop', 6)
  assert.equal(await shownBy(leader, 'shop', 'db'), VALUE)
  assert.equal(await shownBy(leader, 'shop', 'dsn'), `db://u:${CONNECT}@h`)
  const now = await runningElsewhere(leader)
  for (const task of elsewhere) assert.ok(now.includes(task), `${task} is not in ${now.join(' ')}`)
})

test('check --swarm on a manager that was demoted says so', async () => {
  await two.ok(['node', 'demote', first])
  await until('the first one is a worker', async () => (await check(one)).text.includes('not a manager'))
  assert.equal((await check(one)).code, 78)
})

test('a provider that hangs at the start of a session: the Swarm goes on', async () => {
  const names = ['c1', 'c2', 'c3']
  for (const name of names)
    await createSecret(two, name, { 'locket.secret': `${name}={{ op://v/i/password }}` })
  await createService(two, 'many', names, ['--replicas', '4', '--constraint', `node.id==${first}`])
  await untilRunning(two, 'many', 4)
  for (const { connect } of hosts) connect.signal('SIGSTOP')
  await one.kill('SIGTERM')
  // Its session starts with a question for each task and secret.
  await one.start()
  let slowestMs = 0
  const timed = async (what: string, change: () => Promise<unknown>) => {
    const start = performance.now()
    await change()
    const ms = performance.now() - start
    process.stdout.write(`${what}: ${Math.round(ms)} ms\n`)
    slowestMs = Math.max(slowestMs, ms)
  }
  const leader = await until('there is a leader', () => leaderSeenBy(two))
  await until('the leader has asked in vain', async () => {
    await timed('node update', () => two.ok(['node', 'update', '--label-add', `at=${Date.now()}`, first]))
    const ran = await leader.sandbox.exec(LOCKET, ['status', '--swarm'])
    return /^ +many\.\d\.\S+ .*gave no answer within 1\.5 s/m.test(ran.stdout)
  })
  await timed('service create', () => createService(two, 'plain', [], ['--constraint', `node.id!=${first}`]))
  await timed('a task without a secret runs', () => untilRunning(two, 'plain'))
  await timed('service update', () => two.ok(['service', 'update', '-d', '--label-add', 'a=b', 'plain']))
  // Each of the 12 questions alone would take 30 s without a limit.
  assert.ok(slowestMs < 30_000, `${slowestMs} ms`)
  for (const { connect } of hosts) connect.signal('SIGCONT')
  await untilRunning(two, 'many', 4)
  assert.equal(await shownBy(two, 'many', 'c2'), `c2=${CONNECT}`)
})

test('no value is in raft, log, inspect or anywhere else on any host', async () => {
  const services = (await two.ok(['service', 'ls', '-q'])).split('\n')
  await two.ok(['service', 'rm', ...services])
  for (const engine of all) {
    await until('no container is left', async () => (await engine.ok(['ps', '-aq'])) === '', PATIENT)
    assert.deepEqual(await findLeaks(engine, [VALUE, CONNECT, TOKEN], { paths: ['/run/e2e/data/swarm'] }), [])
  }
})
