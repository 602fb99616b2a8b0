import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer as createPlainServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { isLocketError } from '../../src/core/vocabulary/errors.ts'
import { systemClock } from '../../src/host/daemon/clock.ts'
import { createHttpClient } from '../../src/providers/lib/http/http.ts'
import { caCertReader } from '../../src/providers/lib/http/traffic-settings.ts'
import { openSourceFiles } from '../../src/host/sources/source-files.ts'
import { createTraffic } from '../../src/providers/lib/http/traffic.ts'
import { startTlsServer } from '../fixtures/servers/tls.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

async function failureOf(
  baseUrl: string,
  caCert?: () => Promise<string>,
): Promise<[string, string | undefined]> {
  const traffic = createTraffic({ provider: 'x', maxConcurrent: 2, rates: [], clock: systemClock() })
  await using http = createHttpClient({ provider: 'x', baseUrl, maxConcurrent: 2, traffic, caCert })
  try {
    await http.sendJson({ path: '/', headers: {}, maxBytes: 1000, signal: AbortSignal.timeout(5000) })
  } catch (thrown) {
    assert.ok(isLocketError(thrown))
    return [thrown.code, thrown.hint]
  }
  return ['none', undefined]
}

test('a certificate that nobody vouches for fails at once and names the variable that helps', async (t) => {
  const { port } = await startTlsServer(t)
  const [code, hint] = await failureOf(`https://127.0.0.1:${port}`)
  assert.equal(code, 'provider_protocol')
  assert.match(hint ?? '', /NODE_EXTRA_CA_CERTS/)
})

test('https to an http port, and the reverse, are distinguished from a server that is down', async (t) => {
  const { port } = await startTlsServer(t)
  assert.notEqual((await failureOf(`http://127.0.0.1:${port}`))[0], 'none')
  const plain = createPlainServer((_, response) => response.end('{}'))
  await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve))
  t.after(() => plain.close())
  const [code, hint] = await failureOf(`https://127.0.0.1:${(plain.address() as AddressInfo).port}`)
  assert.equal(code, 'provider_protocol')
  assert.match(hint ?? '', /https or http/)
})

test('NODE_EXTRA_CA_CERTS makes the certificate trusted', async (t) => {
  const { port, certificate } = await startTlsServer(t)
  const printed = await askInChild(t, `https://127.0.0.1:${port}`, { NODE_EXTRA_CA_CERTS: certificate })
  assert.equal(printed, '{}')
})

test('a ca-cert file makes the certificate trusted, beside the usual ones, for that client alone', async (t) => {
  const { port, certificate } = await startTlsServer(t)
  const caCert = () => readFile(certificate, 'utf8')
  assert.deepEqual(await failureOf(`https://127.0.0.1:${port}`, caCert), ['none', undefined])
  assert.equal((await failureOf(`https://127.0.0.1:${port}`))[0], 'provider_protocol')
})

test('a missing or wrong ca-cert file is reported, and read again for the next request', async (t) => {
  const { port, certificate } = await startTlsServer(t)
  const folder = await temporaryFolder(t)
  const path = join(folder, 'ca.pem')
  const named = { provider: 'x', setting: 'x-ca-cert' }
  const caCert = caCertReader(path, openSourceFiles(), named)
  const baseUrl = `https://127.0.0.1:${port}`
  const traffic = createTraffic({ provider: 'x', maxConcurrent: 2, rates: [], clock: systemClock() })
  await using http = createHttpClient({ provider: 'x', baseUrl, maxConcurrent: 2, traffic, caCert })
  const ask = () => http.sendJson({ path: '/', headers: {}, maxBytes: 99, signal: AbortSignal.timeout(5000) })
  await assert.rejects(ask(), { code: 'io', message: /^x: x-ca-cert: .*ca\.pem/ })
  await writeFile(path, 'canary-key, no certificate')
  await assert.rejects(ask(), {
    code: 'config',
    message: `x: x-ca-cert: ${path} holds no certificate in PEM form`,
  })
  await writeFile(path, await readFile(certificate))
  assert.deepEqual(await ask(), {})
})

test('certificates are checked whatever NODE_TLS_REJECT_UNAUTHORIZED says', async (t) => {
  const { port } = await startTlsServer(t)
  const printed = await askInChild(t, `https://127.0.0.1:${port}`, { NODE_TLS_REJECT_UNAUTHORIZED: '0' })
  assert.equal(printed, 'provider_protocol')
})

/** The answer that a process with these variables gets, or the code of its error. */
async function askInChild(t: TestContext, baseUrl: string, env: Record<string, string>): Promise<string> {
  const program = join(await temporaryFolder(t), 'ask.ts')
  const library = (path: string) => JSON.stringify(new URL(`../../src/${path}`, import.meta.url).href)
  await writeFile(
    program,
    `import { createHttpClient } from ${library('providers/lib/http/http.ts')}
    import { createTraffic } from ${library('providers/lib/http/traffic.ts')}
    import { systemClock } from ${library('host/daemon/clock.ts')}
    const traffic = createTraffic({ provider: 'x', maxConcurrent: 2, rates: [], clock: systemClock() })
    await using http = createHttpClient({ provider: 'x', baseUrl: '${baseUrl}', maxConcurrent: 2, traffic })
    const request = { path: '/', headers: {}, maxBytes: 99, signal: AbortSignal.timeout(5000) }
    process.stdout.write(await http.sendJson(request).then(JSON.stringify, (error) => error.code))`,
  )
  const child = spawn(process.execPath, [program], { env, stdio: ['ignore', 'pipe', 'ignore'] })
  let printed = ''
  for await (const chunk of child.stdout) printed += String(chunk)
  return printed
}
