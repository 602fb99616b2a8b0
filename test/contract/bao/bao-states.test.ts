import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { mountOf } from '../../fixtures/servers/bao-data.ts'
import { onBao } from './bao-server.ts'

const APP = 'bao://secret/app/f'
const MOUNTS = () => [mountOf('secret', 2, { app: { f: 'one' } })]

test('a sealed or new server is unavailable and says so, and is asked again once it is there', async (t) => {
  const { server, codes, messages, read } = await onBao(t, { mounts: MOUNTS() })
  server.knobs.state = 'sealed'
  assert.deepEqual(await codes(APP), ['unavailable'])
  assert.match(
    (await messages(APP))[0] ?? '',
    /is sealed \(status 503\) \(unseal it; locket then asks again\)$/,
  )
  server.knobs.state = 'uninitialised'
  assert.match((await messages(APP))[0] ?? '', /is not initialised \(status 501\)/)
  server.knobs.state = 'active'
  assert.deepEqual(await read(APP), ['one'])
})

test('a redirect of a standby is not followed; the message names the active node only', async (t) => {
  const reached: (string | string[] | undefined)[] = []
  const thief = await listening(t, reached)
  for (const before of [true, false]) {
    const { server, codes, messages } = await onBao(t, { mounts: MOUNTS() })
    if (before) await codes(APP)
    server.knobs.state = { standbyOf: `${thief}/canary-9f2c-value?x=` }
    assert.deepEqual(await codes(APP), ['provider_protocol'])
    const [message = ''] = await messages(APP)
    assert.ok(message.includes(`redirects to ${thief}, which locket does not follow (status 307)`), message)
    assert.match(message, /set bao-url to the active node or to a load balancer/)
  }
  assert.deepEqual(reached, [])
})

test('no redirect is followed, with any target and status', async (t) => {
  const reached: (string | string[] | undefined)[] = []
  const thief = await listening(t, reached)
  const { server, codes, messages } = await onBao(t, { mounts: MOUNTS() })
  await codes(APP)
  for (const status of [301, 302, 303, 307, 308]) {
    for (const location of [`${thief}/x`, '/v1/elsewhere', 'javascript:canary-9f2c-value', 'http://[', '']) {
      server.knobs.failNext.push({ status, headers: { location } })
      assert.match((await messages(APP))[0] ?? '', /redirects.*which locket does not follow \(status 30\d\)/)
    }
  }
  assert.deepEqual(reached, [])
})

test('a cluster that has not caught up is asked again', async (t) => {
  const { server, read, codes } = await onBao(t, { mounts: MOUNTS() })
  await codes(APP)
  server.knobs.failNext.push({ status: 412 }, { status: 412 })
  assert.deepEqual(await read(APP), ['one'])
  server.knobs.failStatus = 412
  assert.deepEqual(await codes(APP), ['unavailable'])
})

test('a page in place of the API is reported, and is retryable', async (t) => {
  const settings = { url: `${await listening(t, [])}/`, token: 's.bao-canary-token-x' }
  const { codes, messages } = await onBao(t, { mounts: MOUNTS(), settings })
  assert.deepEqual(await codes(APP), ['unavailable'])
  assert.match((await messages(APP))[0] ?? '', /has no API of OpenBao or Vault there \(status 404\)/)
})

test('a path without a mount is reported, if the token can list mounts', async (t) => {
  const settings = { token: 's.bao-canary-token-root' }
  const tokens = { 's.bao-canary-token-root': { isRoot: true } }
  const { codes, messages } = await onBao(t, { mounts: MOUNTS(), settings, tokens })
  assert.deepEqual(await codes('bao://nowhere/app/f'), ['not_found'])
  assert.match(
    (await messages('bao://nowhere/app/f'))[0] ?? '',
    /has no mount for nowhere\/app \(status 404\) \(check the name of the mount, and bao-namespace\)/,
  )
})

/** Answers 404 with a page, and notes the tokens that it gets. */
async function listening(t: TestContext, reached: (string | string[] | undefined)[]): Promise<string> {
  const server = createServer((request, response) => {
    reached.push(request.headers['x-vault-token'])
    response.writeHead(404).end('<html>no such page</html>')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
