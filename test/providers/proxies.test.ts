import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import { formatError, isLocketError, type LocketError } from '../../src/core/vocabulary/errors.ts'
import { systemClock } from '../../src/host/daemon/clock.ts'
import { createHttpClient } from '../../src/providers/lib/http/http.ts'
import { createTraffic } from '../../src/providers/lib/http/traffic.ts'
import { startProxy } from '../fixtures/servers/proxy.ts'
import { startTlsServer } from '../fixtures/servers/tls.ts'

interface Asked {
  readonly baseUrl: string
  readonly env: Readonly<Record<string, string>>
  readonly caCert?: () => Promise<string>
  readonly deadlineMs?: number
}

async function ask({ baseUrl, env, caCert, deadlineMs = 10_000 }: Asked): Promise<unknown> {
  const traffic = createTraffic({ provider: 'x', maxConcurrent: 2, rates: [], clock: systemClock() })
  await using http = createHttpClient({ provider: 'x', baseUrl, maxConcurrent: 2, traffic, caCert, env })
  return await http.sendJson({
    path: '/a',
    headers: {},
    maxBytes: 99,
    signal: AbortSignal.timeout(deadlineMs),
  })
}

async function failure(asked: Asked): Promise<LocketError> {
  const error: unknown = await ask(asked).then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  assert.ok(isLocketError(error))
  assert.doesNotMatch(formatError(error), /canary|p@ss|pass@/)
  return error
}

async function startHttp(t: TestContext): Promise<number> {
  const server = createServer((request, response) => response.end(JSON.stringify(request.headers.host)))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

async function proxyFor(t: TestContext, forwardTo?: number) {
  const proxy = await startProxy()
  proxy.knobs.forwardTo = forwardTo
  t.after(() => proxy[Symbol.asyncDispose]())
  return { proxy, address: `127.0.0.1:${proxy.port}`, named: `HTTPS_PROXY 127.0.0.1:${proxy.port}` }
}

test('http:// requests are forwarded by the proxy, https:// ones go through a tunnel', async (t) => {
  const tls = await startTlsServer(t)
  const plain = await proxyFor(t, await startHttp(t))
  assert.equal(
    await ask({ baseUrl: 'http://vault.example:8200', env: { http_proxy: plain.address } }),
    'vault.example:8200',
  )
  assert.deepEqual(plain.proxy.asked, ['GET http://vault.example:8200/a'])
  const tunnel = await proxyFor(t, tls.port)
  const caCert = () => readFile(tls.certificate, 'utf8')
  const env = { ALL_PROXY: `http://${tunnel.address}` }
  assert.deepEqual(await ask({ baseUrl: 'https://vault.example', env, caCert }), {})
  assert.deepEqual(tunnel.proxy.asked, ['CONNECT vault.example:443'])
})

test('certificates are checked through a tunnel, and the server is named, not the proxy', async (t) => {
  const tls = await startTlsServer(t)
  const { address } = await proxyFor(t, tls.port)
  const error = await failure({ baseUrl: 'https://vault.example', env: { HTTPS_PROXY: address } })
  assert.equal(error.code, 'provider_protocol')
  assert.match(
    error.message,
    /^x at https:\/\/vault\.example, by HTTPS_PROXY \S+, has a certificate that is not trusted/,
  )
})

test('NO_PROXY is asked before the proxy', async (t) => {
  const port = await startHttp(t)
  const { proxy, address } = await proxyFor(t)
  const env = { HTTP_PROXY: address, NO_PROXY: '127.0.0.0/8' }
  assert.equal(await ask({ baseUrl: `http://127.0.0.1:${port}`, env }), `127.0.0.1:${port}`)
  assert.deepEqual(proxy.asked, [])
})

test('a proxy that wants a password gets it, and is named with its variable when it does not', async (t) => {
  const tls = await startTlsServer(t)
  const { proxy, address, named } = await proxyFor(t, tls.port)
  proxy.knobs.authorization = `Basic ${Buffer.from('user:p@ss').toString('base64')}`
  const caCert = () => readFile(tls.certificate, 'utf8')
  const baseUrl = 'https://vault.example'
  assert.deepEqual(await ask({ baseUrl, env: { HTTPS_PROXY: `http://user:p%40ss@${address}` }, caCert }), {})
  const started = performance.now()
  const error = await failure({ baseUrl, env: { HTTPS_PROXY: address }, caCert })
  assert.equal(error.code, 'config')
  assert.equal(error.message, `${named} answered 407 to a request for vault.example:443`)
  assert.match(error.hint ?? '', /^it wants a user and a password: HTTPS_PROXY=http:\/\/USER:PASS/)
  assert.ok(performance.now() - started < 2000)
  const wrong = await failure({ baseUrl, env: { HTTPS_PROXY: `u:pass@${address}` }, caCert })
  assert.match(wrong.hint ?? '', /does not accept the user and password in HTTPS_PROXY/)
})

test('a proxy that forwards no http:// request without a password is named too', async (t) => {
  const { proxy, address } = await proxyFor(t)
  proxy.knobs.status = 407
  const error = await failure({ baseUrl: 'http://vault.example', env: { HTTP_PROXY: address } })
  assert.equal(error.message, `HTTP_PROXY ${address} answered 407 to a request for vault.example:80`)
})

test('a proxy that forbids the server is not asked again, one that cannot reach it is', async (t) => {
  const { proxy, address, named } = await proxyFor(t)
  const asked = { baseUrl: 'https://vault.example', env: { HTTPS_PROXY: address } }
  proxy.knobs.status = 403
  const denied = await failure(asked)
  assert.deepEqual(
    [denied.code, denied.message],
    ['config', `${named} answered 403 to a request for vault.example:443`],
  )
  assert.equal(proxy.asked.length, 1)
  proxy.knobs.status = 503
  const away = await failure(asked)
  assert.deepEqual(
    [away.code, away.message],
    ['unavailable', `${named} answered 503 to a request for vault.example:443`],
  )
  assert.equal(proxy.asked.length, 5)
})

test('a proxy that cannot be reached is named instead of the server', async () => {
  for (const baseUrl of ['https://vault.example', 'http://vault.example']) {
    const refused = await failure({ baseUrl, env: { ALL_PROXY: 'http://user:pass@127.0.0.1:1' } })
    assert.equal(refused.message, 'ALL_PROXY 127.0.0.1:1 refused the connection (ECONNREFUSED)')
    assert.equal(refused.code, 'unavailable')
    const unknown = await failure({ baseUrl, env: { all_proxy: 'proxy.invalid:3128' } })
    assert.match(unknown.message, /^all_proxy proxy\.invalid:3128 has a host name that does not resolve \(E/)
  }
})

test('a proxy that refuses connections for more than 5 s is not waited for any longer', async () => {
  let now = 0
  const clock = { ...systemClock(), elapsed: () => now }
  const traffic = createTraffic({ provider: 'x', maxConcurrent: 2, rates: [], clock })
  const env = { ALL_PROXY: '127.0.0.1:1' }
  await using http = createHttpClient({
    provider: 'x',
    baseUrl: 'http://v.example',
    maxConcurrent: 2,
    traffic,
    env,
  })
  const once = () =>
    http.sendJson({
      path: '/',
      headers: {},
      maxBytes: 99,
      signal: AbortSignal.timeout(5000),
      mayRepeat: false,
    })
  await assert.rejects(once(), { code: 'unavailable' })
  now = 4999
  await assert.rejects(once(), { code: 'unavailable' })
  now = 5000
  await assert.rejects(once(), {
    code: 'config',
    message: 'ALL_PROXY 127.0.0.1:1 refused the connection (ECONNREFUSED)',
  })
})

test('a proxy that never answers ends with the deadline, and what it holds is closed', async (t) => {
  const { proxy, address } = await proxyFor(t)
  proxy.knobs.hangs = true
  const error = await failure({
    baseUrl: 'https://v.example',
    env: { HTTPS_PROXY: address },
    deadlineMs: 200,
  })
  assert.equal(error.code, 'timeout')
})

test('a variable that is not a proxy address fails before anything is asked', async () => {
  const error = await failure({
    baseUrl: 'https://v.example',
    env: { HTTPS_PROXY: 'socks5://user:pass@h:1' },
  })
  assert.equal(error.code, 'config')
  assert.match(error.message, /^HTTPS_PROXY names a socks5:\/\/ proxy/)
})
