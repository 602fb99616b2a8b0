import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { after, test } from 'node:test'

import { makeBrokerHost } from '../../scripts/engine/broker-host.ts'
import type { Ran } from '../../scripts/engine/command.ts'
import { openProject } from '../../scripts/engine/compose.ts'
import { IMAGE, startEngine, type Engine } from '../../scripts/engine/engine.ts'
import { findLeaks } from '../../scripts/engine/leaks.ts'
import {
  CONFIG,
  createVolume,
  LOCKET,
  makeConfig,
  onHost,
  runWith,
  startWith,
  statusOf,
} from '../../scripts/engine/locket.ts'
import { installPlugin } from '../../scripts/engine/plugin.ts'
import { until } from '../../scripts/engine/until.ts'

const PASSWORD = 'canary-broker-password-5a01'
const ROTATED = 'canary-broker-rotated-93bd'
const API = 'canary-broker-api-7f11'
const OTHER = 'canary-broker-other-0c0c'
const canaries = [PASSWORD, ROTATED, API, OTHER]
const IDENTITY = `${CONFIG}/identity`

const bare = await startEngine()
// Compose finds a provider by its name on the PATH.
const engine: Engine = {
  ...bare,
  env: { ...bare.env, PATH: `${dirname(LOCKET)}:${bare.env['PATH'] ?? ''}` },
}
after(() => bare[Symbol.asyncDispose]())
const broker = await makeBrokerHost(engine)
await makeConfig(engine, { toml: '[volume]\nlinger = "0s"\n' })
for (const [path, value] of Object.entries({ db: PASSWORD, api: API, other: OTHER }))
  await broker.put(path, value)
await broker.start()

/** `locket …` on the engine's host. */
const here = (...args: readonly string[]): Promise<Ran> => engine.sandbox.exec(LOCKET, args)
const client = ['--broker-identity', `${IDENTITY}/identity.json`]
const PRINT = ['sh', '-c', 'printf "[%s]" "$DB"']
const exec = (): Promise<Ran> =>
  here('exec', ...client, '--env', 'DB={{ locket://shop/db }}', '--no-interactive', '--', ...PRINT)
const inApp = async (): Promise<string | undefined> => {
  const ran = await engine.docker(['exec', 'app', 'cat', '/s/password'])
  return ran.code === 0 ? ran.stdout : undefined
}

test('a machine that was added on the broker enrols from its own host', async () => {
  for (const name of ['db', 'api']) await broker.admin('secret-ref', 'add', `shop/${name}`, `local://${name}`)
  await broker.admin('secret-ref', 'add', 'bank/other', 'local://other')
  const line = await broker.admin('machine', 'add', 'web1', '--project', 'shop')
  const words = line.split(' ')
  assert.deepEqual(words.slice(0, 3), ['locket', 'enrol', broker.url])
  const enrolled = await here(...words.slice(1), '--identity-dir', IDENTITY)
  assert.equal(enrolled.code, 0, enrolled.stderr)
  await installPlugin(engine, { settings: { 'config.source': CONFIG } })
})

test('a volume of the plugin reads through the broker, and not what is not granted', async () => {
  await createVolume(engine, 'granted', { 'secret.password': '{{ locket://shop/db }}' })
  assert.equal(await runWith(engine, 'granted', 'cat /s/password'), PASSWORD)
  await createVolume(engine, 'denied', { 'secret.password': '{{ locket://bank/other }}' })
  const says = await engine.fails(['run', '--rm', '-v', 'denied:/s', IMAGE, 'true'])
  assert.match(says, /does not let this machine read locket:\/\/bank\/other, or has no such secret/)
  await engine.ok(['volume', 'rm', 'denied', 'granted'])
})

test('exec and compose files on that host read through it', async () => {
  const ran = await exec()
  assert.deepEqual([ran.code, ran.stdout], [0, `[${PASSWORD}]`], ran.stderr)
  const compose = await openProject(
    engine,
    'brokered',
    `
services:
  locket:
    provider:
      type: locket
      options:
        broker_identity: ${IDENTITY}/identity.json
        env: "API={{ locket://shop/api }}"
  app:
    image: ${IMAGE}
    network_mode: none
    command: ["sh", "-c", "echo $$LOCKET_API; cat /run/secrets/password"]
    volumes: ["secrets:/run/secrets:ro"]
    depends_on: [locket]
volumes:
  secrets:
    driver: locket
    driver_opts:
      secret.password: "{{ locket://shop/db }}"
`,
  )
  const up = await compose(['up', '--no-color', '--no-log-prefix', '--abort-on-container-exit'])
  assert.equal(up.code, 0, up.stderr)
  assert.ok(up.stdout.includes(`${API}\n${PASSWORD}`), up.stdout)
  const down = await compose(['down', '--volumes'])
  assert.equal(down.code, 0, down.stderr)
})

test('a value that is rotated comes into the container and to exec --watch, which follow a watch', async () => {
  await createVolume(engine, 'followed', { 'secret.password': '{{ locket://shop/db }}', cache: '24h' })
  await startWith(engine, 'app', 'followed')
  assert.equal(await inApp(), PASSWORD)
  const log = onHost(engine, '/run/e2e/watching.log')
  const words = ['exec', '--watch', ...client, '--env', 'DB={{ locket://shop/db }}', '--']
  const command = ['sh', '-c', 'echo "[$DB]"; exec sleep 100000']
  const watching = await engine.sandbox.spawn(LOCKET, [...words, ...command], { log })
  const printed = async (): Promise<string> => await readFile(log, 'utf8').catch(() => '')
  await until('the command runs', async () => (await printed()).includes(`[${PASSWORD}]`))
  await until(
    'the volume is followed',
    async () => /^when the provider tells a change$/.test((await statusOf(engine, 'followed')).refresh ?? ''),
    { timeoutMs: 120_000 },
  )
  await broker.put('db', ROTATED)
  const from = performance.now()
  await until('the new value is there', async () => (await inApp()) === ROTATED, { timeoutMs: 120_000 })
  process.stdout.write(`in the container ${Math.round(performance.now() - from)} ms after the rotation\n`)
  await until('the command was restarted', async () => (await printed()).includes(`[${ROTATED}]`), {
    timeoutMs: 120_000,
  })
  await watching.kill('SIGTERM')
})

test('with the broker down a new mount takes the values of the cache', async () => {
  await engine.ok(['rm', '-f', 'app'])
  await broker.stop()
  const refused = await exec()
  assert.notEqual(refused.code, 0)
  assert.match(refused.stderr, /locket:\/\/shop\/db.*10\.77\.0\.1:7468/)
  await startWith(engine, 'app', 'followed')
  assert.equal(await inApp(), ROTATED)
  const { warnings } = await statusOf(engine, 'followed')
  assert.match(warnings.join(), /values of the cache are mounted/)
  await broker.start()
  await until(
    'the volume is current',
    async () => (await statusOf(engine, 'followed')).warnings.length === 0,
    {
      timeoutMs: 120_000,
    },
  )
})

test('machine disable ends the held watch at once, and the next request is refused', async () => {
  await until(
    'the volume is followed',
    async () => (await statusOf(engine, 'followed')).refresh?.startsWith('when the provider tells') === true,
    { timeoutMs: 120_000 },
  )
  await broker.admin('machine', 'disable', 'web1')
  const from = performance.now()
  const lastError = async () => (await statusOf(engine, 'followed')).lastError ?? ''
  await until('the plugin knows', async () => /does not answer this machine/.test(await lastError()))
  // A watch is held for 50 s, and the clock asks each minute.
  const ms = performance.now() - from
  process.stdout.write(`the plugin knows ${Math.round(ms)} ms after machine disable\n`)
  assert.ok(ms < 20_000, `${ms} ms`)
  const refused = await exec()
  assert.notEqual(refused.code, 0)
  assert.match(refused.stderr, /does not answer this machine/)
  await broker.admin('machine', 'enable', 'web1')
  assert.equal((await exec()).stdout, `[${ROTATED}]`)
})

test('no value is anywhere else on the two hosts', async () => {
  await engine.ok(['rm', '-f', 'app'])
  await engine.ok(['volume', 'rm', 'followed'])
  const paths = [broker.folder, CONFIG, '/run/netns']
  assert.deepEqual(await findLeaks(engine, canaries, { paths }), [])
})
