import assert from 'node:assert/strict'
import { after, test } from 'node:test'

import { fakeConnect, TOKEN_FILE, writeToken } from '../../scripts/engine/connect.ts'
import { findLeaks } from '../../scripts/engine/leaks.ts'
import { createVolume, startLocket, startWith, statusOf } from '../../scripts/engine/locket.ts'
import { until } from '../../scripts/engine/until.ts'

const OLD = 'canary-refresh-old-77ab'
const NEW = 'canary-refresh-new-19c4'
const LOCAL = 'canary-refresh-local-5d02'
const TOKEN = 'canary-refresh-token-e3e3'

const engine = await startLocket({
  secrets: { a: LOCAL },
  toml: `
[volume]
connect-host = "http://127.0.0.1:8080"
connect-token = "file:/etc/locket/${TOKEN_FILE}"
`,
})
after(() => engine[Symbol.asyncDispose]())
const connect = await fakeConnect(engine, { token: TOKEN, password: OLD })
await writeToken(engine, TOKEN)

/** The longest interval with its jitter, and the time that a busy machine may take. */
const LONGEST_MS = 5500 + 15_000

test('a secret that is rotated in Connect reaches the running container, and no other volume', async () => {
  await connect.start()
  await createVolume(engine, 'rotated', { 'secret.password': '{{ op://v/i/password }}', refresh: '5s' })
  await createVolume(engine, 'other', { 'secret.a': '{{ local://a }}' })
  const linked = { 'secret.p': '{{ op://v/i/password }}', 'secret.copy/p': '{{ op://v/i/password }}' }
  await createVolume(engine, 'linked', { ...linked, layout: 'generations', refresh: '5s' })
  await startWith(engine, 'app', 'rotated', ['-v', 'other:/other', '-v', 'linked:/linked:ro'])
  const inApp = (...words: string[]) => engine.ok(['exec', 'app', ...words])
  const facts = () => engine.ok(['inspect', '--format', '{{.State.StartedAt}} {{.RestartCount}}', 'app'])
  const other = () => inApp('stat', '-c', '%i %Y %Z', '/other/a')
  assert.equal(await inApp('cat', '/s/password'), OLD)
  const before = [await facts(), await other()]
  assert.deepEqual(
    [
      await inApp('readlink', '/linked/p'),
      await inApp('cat', '/linked/p'),
      await inApp('cat', '/linked/copy/p'),
    ],
    ['..data/p', OLD, OLD],
  )
  assert.match((await statusOf(engine, 'rotated')).refresh ?? '', /^every 5s, next in [0-6]s$/)

  await connect.stop()
  const rotated = await fakeConnect(engine, { token: TOKEN, password: NEW })
  await rotated.start()
  const start = performance.now()
  await until('the new value is there', async () => (await inApp('cat', '/s/password')) === NEW)
  const took = performance.now() - start
  assert.ok(took < LONGEST_MS, `it took ${Math.round(took)} ms`)
  assert.deepEqual([await facts(), await other()], before)
  assert.equal((await statusOf(engine, 'rotated')).lastError, null)
  await until(
    'all files have changed',
    async () => (await inApp('cat', '/linked/p', '/linked/copy/p')) === NEW + NEW,
  )
  await rotated.stop()
})

test('no value is left anywhere after the container', async () => {
  await engine.ok(['rm', '-f', 'app'])
  await engine.ok(['volume', 'rm', 'rotated', 'other', 'linked'])
  assert.deepEqual(await findLeaks(engine, [OLD, NEW, LOCAL, TOKEN]), [])
})
