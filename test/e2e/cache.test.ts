import assert from 'node:assert/strict'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'

import { fakeConnect, TOKEN_FILE, writeToken } from '../../scripts/engine/connect.ts'
import { findLeaks } from '../../scripts/engine/leaks.ts'
import {
  CONFIG,
  createVolume,
  LOCKET,
  onHost,
  startLocket,
  startWith,
  statusOf,
} from '../../scripts/engine/locket.ts'
import { until } from '../../scripts/engine/until.ts'

const OLD = 'canary-cache-old-1f0e'
const NEW = 'canary-cache-new-88d2'
const TOKEN = 'canary-cache-token-4b4b'
const AUDIT = '/etc/locket/audit.log'

const engine = await startLocket({
  toml: `
[volume]
connect-host = "http://127.0.0.1:8080"
connect-token = "file:/etc/locket/${TOKEN_FILE}"
audit-log = "${AUDIT}"
audit-on-failure = "deny"
`,
})
after(() => engine[Symbol.asyncDispose]())
const connect = await fakeConnect(engine, { token: TOKEN, password: OLD })
await writeToken(engine, TOKEN)

const options = { 'secret.password': '{{ op://v/i/password }}', cache: '24h' }
const cacheFolder = onHost(engine, `${CONFIG}/state/cache`)
const inApp = async () => {
  const ran = await engine.docker(['exec', 'app', 'cat', '/s/password'])
  return ran.code === 0 ? ran.stdout : undefined
}

test('a restart of the engine with the provider down: the container starts from the cache', async () => {
  await connect.start()
  await createVolume(engine, 'kept', options)
  await startWith(engine, 'app', 'kept', ['--restart', 'always'])
  assert.equal(await inApp(), OLD)
  await until('the value is kept', async () => (await readdir(cacheFolder)).includes('kept.cache'))
  await connect.stop()
  await engine.kill('SIGTERM')
  const start = performance.now()
  await engine.start()
  assert.equal(await until('the container reads its secret', inApp), OLD)
  const took = Math.round(performance.now() - start)
  assert.ok(took < 20_000, `it took ${took} ms, with the start of the engine`)
  const { warnings } = await statusOf(engine, 'kept')
  assert.match(
    warnings.join(),
    /stale since 20.* UTC, .* ago: values of the cache are mounted, because .*127\.0\.0\.1:8080/,
  )
})

test('the new value is in the same container when the provider is back', async () => {
  const facts = () => engine.ok(['inspect', '--format', '{{.State.StartedAt}} {{.RestartCount}}', 'app'])
  const before = await facts()
  const rotated = await fakeConnect(engine, { token: TOKEN, password: NEW })
  await rotated.start()
  await until('the new value is there', async () => (await inApp()) === NEW, { timeoutMs: 90_000 })
  await until('it is not stale', async () => (await statusOf(engine, 'kept')).warnings.length === 0)
  assert.equal(await facts(), before)
  await rotated.stop()
})

test('the audit log of both plugin processes is whole, and names the value of the cache', async () => {
  const path = `${CONFIG}/audit.log`
  const checked = await engine.sandbox.exec(LOCKET, ['audit', 'verify', path])
  assert.deepEqual([checked.code, /the chain is whole/.test(checked.stdout)], [0, true], checked.stdout)
  const shown = await engine.sandbox.exec(LOCKET, ['audit', 'show', path, '--volume', 'kept'])
  assert.match(shown.stdout, /mount .*op:\/\/v\/i\/password +cache/)
  assert.match(shown.stdout, /refresh .*op:\/\/v\/i\/password +ok/)
})

test('docker volume rm removes the values, and no value is left anywhere', async () => {
  const key = onHost(engine, `${CONFIG}/state/host.key`)
  assert.equal((await stat(key)).mode & 0o777, 0o600)
  const kept = await readFile(join(cacheFolder, 'kept.cache'))
  assert.ok(!kept.includes(OLD) && !kept.includes(NEW) && !kept.includes('op://'))
  await engine.ok(['rm', '-f', 'app'])
  await engine.ok(['volume', 'rm', 'kept'])
  assert.deepEqual(await readdir(cacheFolder), [])
  assert.deepEqual(await findLeaks(engine, [OLD, NEW, TOKEN]), [])
})
