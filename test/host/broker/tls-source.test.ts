import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import type { Server } from 'node:https'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  certifyAuthority,
  certifyServer,
  createCertificateKey,
} from '../../../src/host/broker/tls/certificate.ts'
import { readTls, renewTls, type TlsSource } from '../../../src/host/broker/tls/tls-source.ts'
import { createManualClock } from '../../fakes/manual-clock.ts'
import { createRecordingLog } from '../../fakes/recording-log.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const authority = createCertificateKey()

async function files(folder: string): Promise<Extract<TlsSource, { kind: 'files' }>> {
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
  const made = certifyServer(authority, ['localhost'], Date.now())
  await writeFile(cert, made.certificate)
  await writeFile(key, made.key.export({ format: 'pem', type: 'pkcs8' }))
  return { kind: 'files', cert, key }
}

/** A listener that records which certificates it gets. */
function listener(): { readonly server: Server; readonly given: string[] } {
  const given: string[] = []
  const server = { setSecureContext: ({ cert }: { cert: string }) => void given.push(cert) }
  return { server: server as unknown as Server, given }
}

test('files that have changed are taken over within a minute, and halves of a pair are not', async (t) => {
  const source = await files(await temporaryFolder(t))
  const [clock, log, stop] = [createManualClock(), createRecordingLog(), new AbortController()]
  const { server, given } = listener()
  const first = await readTls(source, clock.now())
  const done = renewTls(server, source, { first, clock, emit: log.emit, signal: stop.signal })
  const minute = async (): Promise<void> => {
    await new Promise((resolve) => setTimeout(resolve, 50))
    await clock.advance(60_000)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  await minute()
  assert.deepEqual(given, [], 'nothing has changed')
  const next = certifyServer(authority, ['localhost'], Date.now())
  await writeFile(source.cert, next.certificate)
  await minute()
  assert.deepEqual(given, [], 'the key is still the old one')
  assert.match(JSON.stringify(log.lines), /tls-key: .* is not the key of the certificate/)
  await writeFile(source.key, next.key.export({ format: 'pem', type: 'pkcs8' }))
  await minute()
  assert.deepEqual(given, [next.certificate])
  stop.abort()
  await done
})

test('a file that breaks or is renewed while the broker starts is read again a minute later', async (t) => {
  const source = await files(await temporaryFolder(t))
  const [clock, log, stop] = [createManualClock(), createRecordingLog(), new AbortController()]
  const { server, given } = listener()
  const first = await readTls(source, clock.now())
  await writeFile(source.cert, 'half of a certificate')
  const done = renewTls(server, source, { first, clock, emit: log.emit, signal: stop.signal })
  const minute = async (): Promise<void> => {
    await clock.advance(60_000)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  await minute()
  assert.match(JSON.stringify(log.lines), /tls-cert: .* holds no certificate/)
  const next = certifyServer(authority, ['localhost'], Date.now())
  await writeFile(source.cert, next.certificate)
  await writeFile(source.key, next.key.export({ format: 'pem', type: 'pkcs8' }))
  await minute()
  assert.deepEqual(given, [next.certificate])
  stop.abort()
  await done
})

test('a certificate of our own is new each day', async () => {
  const own: TlsSource = {
    kind: 'own',
    authority: { key: authority, certificate: certifyAuthority(authority, Date.now()) },
    names: ['localhost'],
  }
  const [clock, log, stop] = [createManualClock(), createRecordingLog(), new AbortController()]
  const { server, given } = listener()
  const first = await readTls(own, clock.now())
  const done = renewTls(server, own, { first, clock, emit: log.emit, signal: stop.signal })
  await clock.advance(86_400_000)
  await new Promise((resolve) => setTimeout(resolve, 50))
  assert.equal(given.length, 1)
  assert.notEqual((await readTls(own, clock.now())).cert, given[0])
  stop.abort()
  await done
})
