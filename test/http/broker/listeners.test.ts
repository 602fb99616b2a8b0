import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { sealingKeyOf } from '../../../src/core/broker/keys.ts'
import { openSealed, SEALED_TYPE } from '../../../src/core/broker/sealed/seal.ts'
import { assertNoSecret } from '../../support/assert-no-secret.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { startBroker, type BrokerOptions, type TestBroker } from '../../support/broker.ts'
import { freePort } from '../../support/free-port.ts'

async function started(t: TestContext, options: Omit<BrokerOptions, 'folder'> = {}): Promise<TestBroker> {
  const broker = await startBroker({ folder: await temporaryFolder(t), ...options })
  t.after(() => broker.stop('SIGKILL'))
  broker.put({ DB: 'canary-listener' })
  await broker.admin('POST', '/v1/secrets', { project: 'shop', name: 'db', reference: 'dotenv://DB' })
  return broker
}

test('on a Unix socket values are sealed for the machine that asked', async (t) => {
  const socket = join(await temporaryFolder(t), 'broker.sock')
  const broker = await started(t, { args: ['--listen', `unix:${socket}`] })
  const [one, two] = [await broker.machine('one', ['shop/db']), await broker.machine('two', ['shop/db'])]
  const ask = { body: { refs: ['shop/db'] }, host: 'localhost' }
  const { status, type, bytes, isSigned, requestSignature } = await broker.ask(one, ask)
  assert.deepEqual([status, type, isSigned], [200, SEALED_TYPE, true])
  assert.equal(openSealed(bytes, sealingKeyOf(two.key), requestSignature), undefined)
  const plain = openSealed(bytes, sealingKeyOf(one.key), requestSignature)
  assert.ok(Buffer.from(plain ?? []).includes(Buffer.from('canary-listener').toString('base64')))
  const list = await broker.ask(one, { method: 'GET', url: '/v2/secrets', host: 'localhost' })
  assert.deepEqual([list.type, list.isSigned], ['application/json', true])
})

test("the operator's certificate is used, and answers are sealed then", async (t) => {
  const folder = await temporaryFolder(t)
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const names = ['-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost', '-subj', '/CN=operator']
  const request = ['req', '-x509', '-newkey', 'ed25519', '-nodes', '-days', '2', '-keyout', key, '-out', cert]
  execFileSync('openssl', [...request, ...names], { stdio: 'pipe' })
  const broker = await started(t, { args: ['--tls-cert', cert, '--tls-key', key], caFile: cert })
  const machine = await broker.machine('one', ['shop/db'])
  const { type, isSigned } = await broker.resolve(machine, 'shop/db')
  assert.deepEqual([type, isSigned], [SEALED_TYPE, true])
  const facts = await broker.send({ method: 'GET', path: '/v2/server' })
  assert.ok(!facts.bytes.includes('caPem'))
})

test('settings that do not fit are named before anything listens', async (t) => {
  const folder = await temporaryFolder(t)
  const rows: readonly (readonly [readonly string[], RegExp])[] = [
    [['--tls-cert', '/etc/hostname'], /tls-cert and tls-key are set together/],
    [
      ['--tls-cert', '/etc/hostname', '--tls-key', '/etc/hostname'],
      /tls-cert: \/etc\/hostname holds no certificate/,
    ],
    [['--oidc-issuer', 'https://login.example'], /oidc-issuer and oidc-client-id are set together/],
    [['--oidc-client-id', 'locket'], /oidc-issuer and oidc-client-id are set together/],
    [['--oidc-issuer', 'http://login.example'], /must be a URL that starts with https:\/\//],
    [['--oidc-issuer', 'https://a:b@login.example'], /must have no user name, password/],
    [['--oidc-scope', 'email'], /must be words that have openid among them/],
    [['--oidc-new-people', 'groups'], /must be CLAIM=VALUE/],
    [['--oidc-name', 'name'], /oidc-name/],
    [['--listen', 'nonsense'], /must be :PORT, ADDRESS:PORT or unix:/],
    [['--admin-listen', '0.0.0.0:1'], /must be unix:\/path, or a port of 127\.0\.0\.1/],
    [['--database', 'mysql://x'], /must be a URL that starts with postgres:\/\//],
    [['--database', 'postgres://a:b@c/d'], /must have no password.*PGPASSFILE/],
    [['--database', 'postgres://127.0.0.1:1/d'], /database at 127\.0\.0\.1:1 does not work/],
  ]
  for (const [args, says] of rows)
    await assert.rejects(
      startBroker({ folder, args }),
      (thrown: Error) => says.test(thrown.message),
      String(says),
    )
})

test('two brokers of one folder, and of one port, do not run at the same time', async (t) => {
  const broker = await started(t)
  const same = { folder: broker.folder, port: await freePort() }
  await assert.rejects(startBroker(same), /another locket \(process \d+\) uses/)
  const other = { folder: await temporaryFolder(t), port: broker.port }
  await assert.rejects(startBroker(other), /another program listens there/)
})

test('a client that sends slowly is cut off, and does not hold up a stop', async (t) => {
  const socket = join(await temporaryFolder(t), 'broker.sock')
  const broker = await started(t, { args: ['--listen', `unix:${socket}`] })
  const slow = connect(socket)
  slow.on('error', () => undefined).resume()
  slow.write('POST /v2/resolve HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{')
  const from = performance.now()
  await new Promise((resolve) => slow.once('close', resolve))
  assert.ok(performance.now() - from < 15_000)
  const idle = connect(socket)
  idle.on('error', () => undefined)
  idle.write('POST /v2/resolve HTTP/1.1\r\n')
  await new Promise((resolve) => setTimeout(resolve, 100))
  const stopping = performance.now()
  assert.equal(await broker.stop(), 0)
  assert.ok(performance.now() - stopping < 4000)
})

test('values are nowhere on the disk of the broker', async (t) => {
  const broker = await started(t)
  const machine = await broker.machine('web1', ['shop/db'])
  assert.equal((await broker.resolve(machine, 'shop/db')).status, 200)
  await broker.stop()
  const stored = join(broker.folder, 'broker')
  for (const file of readdirSync(stored))
    assertNoSecret(readFileSync(join(stored, file)), ['canary-listener'], file)
})
