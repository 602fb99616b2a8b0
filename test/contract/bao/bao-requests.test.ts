import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { test } from 'node:test'
import { mountOf } from '../../fixtures/servers/bao-data.ts'
import { onBao, subject } from './bao-server.ts'
import { parsed } from '../provider/provider-attempt.ts'

const TWENTY = Array.from({ length: 20 }, (_, at) => `field-${at}`)
const REFERENCES = TWENTY.map((field) => `bao://secret/app/db/${field}`)
const FIELDS = Object.fromEntries(TWENTY.map((field) => [field, `of ${field}`]))
const VALUES = Object.values(FIELDS)

test('twenty fields of one secret are one request, after one login', async (t) => {
  const { server, read, asked, logins } = await onBao(t, {
    mounts: [mountOf('secret', 2, { 'app/db': FIELDS })],
  })
  assert.deepEqual(await read(...REFERENCES), VALUES)
  assert.deepEqual(server.requests, ['POST /v1/auth/approle/login', '/v1/secret/data/app/db'])
  asked()
  assert.deepEqual(await read(...REFERENCES), VALUES)
  assert.deepEqual([asked(), logins()], [['/v1/secret/data/app/db'], 1])
})

test('fifty callers at once ask for no more than one does', async (t) => {
  const { server, read } = await onBao(t, { mounts: [mountOf('secret', 2, { 'app/db': FIELDS })] })
  server.knobs.delayMs = 100
  const answers = await Promise.all(Array.from({ length: 50 }, () => read(...REFERENCES)))
  for (const answer of answers) assert.deepEqual(answer, VALUES)
  assert.deepEqual(server.requests, ['POST /v1/auth/approle/login', '/v1/secret/data/app/db'])
})

test('each version is a request of its own, and a read that has ended is not read again', async (t) => {
  const mount = mountOf('secret', 2, { app: { f: 'one' } })
  const { read, asked } = await onBao(t, { mounts: [mount] })
  assert.deepEqual(await read('bao://secret/app/f', 'bao://secret/app/f?version=1'), ['one', 'one'])
  assert.deepEqual(asked().toSorted(), ['/v1/secret/data/app', '/v1/secret/data/app?version=1'])
  mount.secrets.get('app')?.push({ json: '{"f":"two"}' })
  assert.deepEqual(await read('bao://secret/app/f', 'bao://secret/app/f?version=1'), ['two', 'one'])
})

test('secrets of several paths are read at once', async (t) => {
  const paths = Array.from({ length: 10 }, (_, at) => `app/${at}`)
  const secrets = Object.fromEntries(paths.map((path) => [path, { f: path }]))
  const { server, read } = await onBao(t, { mounts: [mountOf('secret', 2, secrets)] })
  server.knobs.delayMs = 200
  assert.deepEqual(await read(...paths.map((path) => `bao://secret/${path}/f`)), paths)
  assert.equal(server.maxInFlight, 10)
})

test('every request has the headers that the servers ask for', async (t) => {
  // The fixture refuses a request without X-Vault-Request, and knows the namespace by its header alone.
  const mounts = [mountOf('secret', 2, { app: { f: 'one' } }, 'team/east')]
  const tokens = { 's.bao-canary-token-east': { namespace: 'team' } }
  const settings = { token: 's.bao-canary-token-east', namespace: 'team/east/' }
  const { server, read } = await onBao(t, { mounts, tokens, settings })
  assert.deepEqual(await read('bao://secret/app/f'), ['one'])
  assert.deepEqual(server.tokensSeen, ['s.bao-canary-token-east'])
})

test('a caller that goes away leaves the read to the others', async (t) => {
  const { server, client, read } = await onBao(t, {
    mounts: [mountOf('secret', 2, { 'app/db': FIELDS })],
  })
  await read('bao://secret/app/db/field-0')
  server.knobs.delayMs = 2000
  const ref = parsed(subject, 'bao://secret/app/db/field-1')
  const caller = new AbortController()
  const left = client.fetch([ref], caller.signal)
  const stayed = read(...REFERENCES)
  await sleep(30)
  caller.abort()
  const [outcome] = [...(await left).values()]
  assert.equal(outcome?.ok === false && outcome.error.code, 'aborted')
  assert.deepEqual(await stayed, VALUES)
  assert.equal(server.requests.length, 3)
})
