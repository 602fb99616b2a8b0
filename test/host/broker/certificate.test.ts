import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { createServer, request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  certifyAuthority,
  certifyServer,
  createCertificateKey,
} from '../../../src/host/broker/tls/certificate.ts'
import { time } from '../../../src/host/broker/tls/der.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const NAMES = ['broker.example', 'localhost', '127.0.0.1', '::1', 'fd00::1:2']

test('OpenSSL verifies the chain, strictly, and reads what it says', async (t) => {
  const folder = await temporaryFolder(t)
  const key = createCertificateKey()
  const [authority, server] = [join(folder, 'authority.pem'), join(folder, 'server.pem')]
  await writeFile(authority, certifyAuthority(key, Date.now()))
  await writeFile(server, certifyServer(key, NAMES, Date.now()).certificate)
  const openssl = (...words: string[]): string => execFileSync('openssl', words, { encoding: 'utf8' })
  const strict = ['verify', '-x509_strict', '-purpose', 'sslserver', '-CAfile', authority]
  assert.match(openssl(...strict, '-verify_hostname', 'broker.example', server), /OK/)
  assert.match(openssl(...strict, '-verify_ip', 'fd00::1:2', server), /OK/)
  assert.throws(() =>
    execFileSync('openssl', [...strict, '-verify_hostname', 'other.example', server], { stdio: 'pipe' }),
  )
  const text = openssl('x509', '-in', authority, '-noout', '-text')
  assert.match(text, /CA:TRUE, pathlen:0/)
  assert.match(text, /Certificate Sign, CRL Sign/)
  const leaf = openssl('x509', '-in', server, '-noout', '-text')
  assert.match(leaf, /CA:FALSE[\s\S]*Digital Signature|Digital Signature[\s\S]*CA:FALSE/)
  assert.match(
    leaf,
    /DNS:broker\.example, DNS:localhost, IP Address:127\.0\.0\.1, IP Address:0:0:0:0:0:0:0:1/,
  )
})

test('a client that trusts only the authority connects, and refuses another authority', async (t) => {
  const [key, other] = [createCertificateKey(), createCertificateKey()]
  const { key: own, certificate } = certifyServer(key, NAMES, Date.now())
  const server = createServer(
    { key: own.export({ format: 'pem', type: 'pkcs8' }), cert: certificate },
    (_, response) => void response.end('hello'),
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const ask = (ca: string): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      const { port } = server.address() as AddressInfo
      const asked = request({ port, host: '127.0.0.1', ca, agent: false }, (answer) => {
        answer.resume()
        resolve(answer.statusCode)
      })
      asked.on('error', reject)
      asked.end()
    })
  assert.equal(await ask(certifyAuthority(key, Date.now())), 200)
  await assert.rejects(ask(certifyAuthority(other, Date.now())))
})

test('a certificate counts from a day before, for 10 years and for 90 days', () => {
  const now = Date.UTC(2026, 10, 30, 12)
  const key = createCertificateKey()
  const authority = new X509Certificate(certifyAuthority(key, now))
  const server = new X509Certificate(certifyServer(key, ['a'], now).certificate)
  assert.deepEqual(
    [authority.validFrom, authority.validTo],
    ['Nov 29 12:00:00 2026 GMT', 'Nov 27 12:00:00 2036 GMT'],
  )
  assert.equal(server.validTo, 'Feb 28 12:00:00 2027 GMT')
  assert.ok(server.verify(authority.publicKey) && server.checkIssued(authority) && !server.ca)
})

test('a moment after 2049 has four digits for its year', () => {
  assert.equal(
    Buffer.from(time(Date.UTC(2049, 11, 31, 23, 59, 59)))
      .toString('latin1')
      .slice(2),
    '491231235959Z',
  )
  assert.equal(
    Buffer.from(time(Date.UTC(2050, 0, 1)))
      .toString('latin1')
      .slice(2),
    '20500101000000Z',
  )
})
