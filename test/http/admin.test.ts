import assert from 'node:assert/strict'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { until } from '../../scripts/engine/until.ts'
import { adminClient } from '../../src/http/admin/client.ts'
import { assertNoSecret } from '../support/assert-no-secret.ts'
import { freePort } from '../support/free-port.ts'
import { startDaemon, type Daemon, type DaemonOptions } from '../support/daemon.ts'
import { setSecret } from '../support/local-secrets.ts'
import { MAIN } from '../support/program.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { untilLogged } from '../support/until-logged.ts'

const CANARY = 'canary-admin-61c2'
const NEVER = new AbortController().signal

async function running(t: TestContext, options: Partial<DaemonOptions> = {}) {
  const folder = await temporaryFolder(t)
  await setSecret(folder, 'db/password', CANARY)
  const daemon = await startDaemon({ folder, ...options })
  t.after(() => daemon.stop())
  const socket = join(daemon.runtimeDir, 'admin.sock')
  return { folder, daemon, socket, client: adminClient(socket) }
}

async function mounted(daemon: Daemon): Promise<void> {
  await daemon.call('VolumeDriver.Create', {
    Name: 'db',
    Opts: { 'secret.password': '{{ local://db/password }}' },
  })
  assert.equal((await daemon.call('VolumeDriver.Mount', { Name: 'db', ID: 'id-1' })).Err, '')
}

test('the admin socket is for root alone, and answers with status, files, refresh and release', async (t) => {
  const { daemon, socket, client } = await running(t)
  await until('the admin socket is there', () => existsSync(socket))
  assert.equal(statSync(socket).mode & 0o777, 0o600)
  await mounted(daemon)
  const report = await client.status(NEVER)
  assert.deepEqual(
    report.volumes.map(({ name, state, generation }) => [name, state, generation?.number]),
    [['db', 'mounted', 1]],
  )
  assert.deepEqual(report.providers, [{ name: 'local', kind: 'local', callers: 1, status: undefined }])
  assert.deepEqual(await client.refresh('db', NEVER), { changed: 0, removed: 0, generation: 1 })
  assert.equal((await client.dryRun('db', NEVER)).files[0]?.bytes, CANARY.length)
  await assert.rejects(client.refresh('nix', NEVER), { code: 'volume_not_found', message: /no such volume/ })
  assert.deepEqual(await client.release('db', undefined, NEVER), { id: 'id-1', left: 0, isWiped: true })
  await daemon.stop()
  assert.ok(!existsSync(socket))
  await assert.rejects(client.status(NEVER), { code: 'unavailable' })
  assertNoSecret(daemon.output(), [CANARY])
})

test('requests have limits, and a wrong one is refused by name and without its content', async (t) => {
  const { socket } = await running(t)
  await until('the admin socket is there', () => existsSync(socket))
  const post = (path: string, body: string) => ask({ socketPath: socket, path, method: 'POST' }, body)
  for (const [path, body, status, message] of [
    ['/volumes/refresh', '', 400, /is not JSON/],
    ['/volumes/refresh', `{"name":"${CANARY}"`, 400, /is not JSON/],
    ['/volumes/refresh', `{"name":["${CANARY}"]}`, 400, /check name/],
    ['/volumes/refresh', '{"name":"a","more":1}', 400, /check the body/],
    ['/volumes/release', `{"name":"${'a'.repeat(300)}"}`, 400, /check name/],
    ['/volumes/release', `{"name":"${'a'.repeat(20_000)}"}`, 400, /FST_ERR_CTP_BODY_TOO_LARGE/],
    ['/VolumeDriver.List', '', 404, /does not know this call/],
  ] as const) {
    const answer = await post(path, body)
    assert.equal(answer.status, status, `${path} ${body.slice(0, 30)}`)
    assert.match(answer.text, message)
    assertNoSecret(answer.text, [CANARY])
  }
})

test('admin-socket=off: no socket; a path that cannot be used is reported, and the driver runs', async (t) => {
  const off = await running(t, { env: { LOCKET_ADMIN_SOCKET: 'off' } })
  await mounted(off.daemon)
  assert.ok(!existsSync(off.socket))
  assert.doesNotMatch(off.daemon.output(), /daemon\.view/)

  const folder = await temporaryFolder(t)
  writeFileSync(join(folder, 'file'), '')
  const taken = await running(t, { args: ['--admin-socket', join(folder, 'file')] })
  await until('it is reported', () => taken.daemon.output().includes('daemon.view'))
  await untilLogged(() => taken.daemon.output(), /there is no view inside: \S+ exists and is not a socket/)
  await mounted(taken.daemon)
})

test('metrics-address answers metrics and nothing else; a port in use is reported', async (t) => {
  const port = await freePort()
  const { daemon, socket } = await running(t, { args: ['--metrics-address', `127.0.0.1:${port}`] })
  await until('the address listens', () => daemon.output().includes(`address=127.0.0.1:${port}`))
  await mounted(daemon)
  const tcp = (path: string, method = 'GET') => ask({ host: '127.0.0.1', port, path, method })
  const { status, text, type } = await tcp('/metrics')
  assert.deepEqual([status, type], [200, 'text/plain; version=0.0.4; charset=utf-8'])
  assert.match(text, /^locket_mounts_total 1$/m)
  assert.equal((await ask({ socketPath: socket, path: '/metrics' })).text.includes('locket_info'), true)
  assert.equal((await tcp('/status')).status, 404)
  assert.equal((await tcp('/volumes/release', 'POST')).status, 404)
  assertNoSecret(text, [CANARY])

  const second = await running(t, { args: ['--metrics-address', `127.0.0.1:${port}`] })
  await until('it is reported', () => second.daemon.output().includes('no view inside'))
  await untilLogged(() => second.daemon.output(), /cannot listen on 127\.0\.0\.1, port \d+: /)
})

test('prom-client is loaded with the first request for metrics, and only its registry', async (t) => {
  const folder = await temporaryFolder(t)
  const hook = join(folder, 'hook.mjs')
  const list = join(folder, 'loaded')
  writeFileSync(
    hook,
    `import { registerHooks } from 'node:module'
     import { appendFileSync } from 'node:fs'
     registerHooks({ load: (url, context, next) => (appendFileSync(${JSON.stringify(list)}, url + '\\n'), next(url, context)) })`,
  )
  const { daemon, socket, client } = await running(t, { program: [process.execPath, '--import', hook, MAIN] })
  await mounted(daemon)
  await until('the admin socket is there', () => existsSync(socket))
  await client.status(NEVER)
  const loaded = () => readFileSync(list, 'utf8').split('\n')
  assert.ok(loaded().some((url) => url.endsWith('/src/http/admin/admin.ts')))
  assert.deepEqual(
    loaded().filter((url) => /prom-client|http\/admin\/metrics|metrics\/families/.test(url)),
    [],
  )
  await ask({ socketPath: socket, path: '/metrics' })
  const files = loaded().filter((url) => /node_modules\/(prom-client|tdigest|@opentelemetry)/.test(url))
  assert.deepEqual(
    files.map((url) => url.replace(/^.*node_modules\//, '')),
    ['prom-client/lib/registry.js', 'prom-client/lib/util.js'],
  )
})

interface Answered {
  readonly status: number
  readonly text: string
  readonly type: string | undefined
}

async function ask(options: http.RequestOptions, body = ''): Promise<Answered> {
  const { promise, resolve, reject } = Promise.withResolvers<Answered>()
  const request = http.request({ ...options, agent: false }, (response) => {
    let text = ''
    response.on('data', (chunk: Buffer) => (text += chunk.toString()))
    response.on('end', () =>
      resolve({ status: response.statusCode ?? 0, text, type: response.headers['content-type'] }),
    )
  })
  request.on('error', reject)
  request.end(body)
  return await promise
}
