import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer as createPlainServer } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import type { LocketError } from '../../../src/core/vocabulary/errors.ts'
import { makeToken } from '../../fixtures/op-token.ts'
import { startProxy } from '../../fixtures/servers/proxy.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { fetched, open, parsed } from '../provider/provider-attempt.ts'
import type { SettingTexts } from '../provider/provider-backend.ts'
import { subject } from './op-server.ts'

// The way from the SDK's process to the server: certificates and proxies.

const DEADLINE = { timeout: 30_000 }

/** The error of a login at this address. */
async function failureAt(address: string, settings: SettingTexts = {}): Promise<LocketError> {
  const token = makeToken(address)
  const backend = {
    settings: { token: token.text, ...settings },
    put: () => Promise.reject(new Error('a login needs a live account')),
    missing: '',
    canaries: token.canaries,
    knobs: {},
  }
  await using opened = await open(subject, backend)
  const signal = AbortSignal.timeout(10_000)
  const [outcome] = (await fetched(opened, [parsed(subject, 'op://v/i/f')], signal)).values()
  assert.ok(outcome !== undefined && !outcome.ok)
  return outcome.error
}

/** Refuses every login, with a certificate of its own making. */
async function startTlsServer(t: TestContext): Promise<{ address: string; certificate: string }> {
  const folder = await temporaryFolder(t)
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const subjectOf = ['-subj', '/CN=op', '-addext', 'subjectAltName=IP:127.0.0.1']
  const request = ['req', '-x509', '-newkey', 'ed25519', '-nodes', '-days', '2', ...subjectOf]
  execFileSync('openssl', [...request, '-keyout', key, '-out', certificate], { stdio: 'pipe' })
  const server = createServer({ key: readFileSync(key), cert: readFileSync(certificate) }, (_, response) => {
    response.writeHead(403).end('{}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return { address: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, certificate }
}

test('an untrusted certificate is reported, and op-ca-cert makes it trusted', DEADLINE, async (t) => {
  const { address, certificate } = await startTlsServer(t)
  const refused = await failureAt(address)
  assert.equal(refused.code, 'provider_protocol')
  assert.match(refused.message, /^op at https:\S+ has a certificate that is not trusted/)
  assert.match(refused.hint ?? '', /ca-cert/)
  assert.equal((await failureAt(address, { caCert: certificate })).code, 'denied')
})

test('the proxy variables of this process are obeyed', DEADLINE, async (t) => {
  const asked: string[] = []
  const proxy = createPlainServer((request, response) => {
    asked.push(request.headers.host ?? '')
    response.writeHead(403).end('{}')
  })
  // A proxy may be asked for a tunnel even where the address is http://.
  proxy.on('connect', (_, socket) => {
    socket.write('HTTP/1.1 200 OK\r\n\r\n')
    proxy.emit('connection', socket)
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    proxy.closeAllConnections()
    proxy.close()
  })
  const before = process.env['HTTP_PROXY']
  process.env['HTTP_PROXY'] = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
  t.after(() => {
    if (before === undefined) delete process.env['HTTP_PROXY']
    else process.env['HTTP_PROXY'] = before
  })
  assert.equal((await failureAt('http://far.invalid')).code, 'denied')
  assert.deepEqual(asked, ['far.invalid'])
})

test('a host name that does not resolve is reported', DEADLINE, async () => {
  const error = await failureAt('http://nowhere.invalid')
  assert.equal(error.code, 'unavailable')
  assert.match(error.message, /^op at http:\/\/nowhere\.invalid has a host name that does not resolve/)
})

test('the error of a proxy that refuses names the proxy, not 1Password', DEADLINE, async (t) => {
  const proxy = await startProxy()
  t.after(() => proxy[Symbol.asyncDispose]())
  proxy.knobs.status = 407
  const before = process.env['ALL_PROXY']
  process.env['ALL_PROXY'] = `127.0.0.1:${proxy.port}`
  t.after(() => {
    if (before === undefined) delete process.env['ALL_PROXY']
    else process.env['ALL_PROXY'] = before
  })
  const error = await failureAt('https://far.invalid')
  assert.equal(error.code, 'config')
  // The process of the SDK has the variables as Node reads them.
  assert.match(error.message, /^\w+_PROXY 127\.0\.0\.1:\d+ answered 407 to a request for far\.invalid/i)
})
