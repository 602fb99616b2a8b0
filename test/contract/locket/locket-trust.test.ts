import assert from 'node:assert/strict'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { createSigningKey } from '../../../src/core/broker/keys.ts'
import { systemClock } from '../../../src/host/daemon/clock.ts'
import { readAnswer, resolvedOf } from '../../../src/providers/locket/answers.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { startTlsServer } from '../../fixtures/servers/tls.ts'
import type { ServiceAnswer } from '../../fixtures/servers/http-fixture.ts'
import { asking } from '../provider/asking.ts'
import { CANARY, open, stored, type Opened } from '../provider/provider-attempt.ts'
import { startBackend, subject } from './locket-server.ts'

/** A client of a broker with one secret. */
async function connected(t: TestContext, values: Record<string, string> = { a: CANARY }) {
  const { service, backend, folder } = await startBackend(t)
  await stored(subject, backend, values)
  const opened = await open(subject, backend)
  t.after(() => opened.client[Symbol.asyncDispose]())
  return { service, backend, folder, opened, ...asking(subject, opened) }
}

/** The identity of the machine, with changes. */
async function changedIdentity(folder: string, change: Readonly<Record<string, unknown>>): Promise<string> {
  const identity = JSON.parse(await readFile(join(folder, 'first.json'), 'utf8')) as object
  const path = join(folder, 'changed.json')
  await writeFile(path, JSON.stringify({ ...identity, ...change }))
  return path
}

test('a sealed answer is opened, and one batch is one request', async (t) => {
  const { service, read } = await connected(t, { a: `${CANARY}-a`, b: `${CANARY}-b` })
  service.seal.isOn = true
  assert.deepEqual(await read('locket://shop/a', 'locket://shop/b'), [`${CANARY}-a`, `${CANARY}-b`])
  assert.deepEqual(service.requests, ['POST /v2/resolve'])
})

const FORGERIES: Readonly<Record<string, (answer: ServiceAnswer) => ServiceAnswer>> = {
  'a changed value': (answer) => {
    const body = Buffer.from(answer.body.toString().replace(/"value":"./, '"value":"A'))
    return { ...answer, body }
  },
  'no signature': ({ status, type, body }) => ({ status, type, body }),
  'another status': (answer) => ({ ...answer, status: 201 }),
  'another type': (answer) => ({ ...answer, type: 'application/vnd.locket.sealed' }),
  'an empty body': (answer) => ({ ...answer, body: Buffer.alloc(0) }),
}

for (const [what, forge] of Object.entries(FORGERIES)) {
  for (const isSealed of [false, true]) {
    test(`an answer with ${what} is refused${isSealed ? ', sealed too' : ''}`, async (t) => {
      const { service, messages } = await connected(t)
      service.seal.isOn = isSealed
      service.tamper = (answer) => {
        if (!isSealed) return forge(answer)
        const changed = forge(answer)
        const body = what === 'a changed value' ? Buffer.from(answer.body).fill(1, 50, 51) : changed.body
        return what === 'another type' ? { ...answer, type: 'application/json' } : { ...changed, body }
      }
      const [says] = await messages('locket://shop/a')
      assert.match(says ?? '', /sent an answer that the broker's key has not signed/)
    })
  }
}

test('an answer to another request is refused', async (t) => {
  const { service, read, codes } = await connected(t)
  let first: ServiceAnswer | undefined
  service.tamper = (answer) => (first ??= answer)
  assert.deepEqual(await read('locket://shop/a'), [CANARY])
  assert.deepEqual(await codes('locket://shop/a'), ['provider_protocol'])
})

test('a broker with another key, and a server with another certificate, are refused', async (t) => {
  const { folder, backend } = await connected(t)
  const other = createSigningKey().export({ format: 'jwk' }).x ?? ''
  const serverKey = Buffer.from(other, 'base64url').toString('base64')
  const ask = async (identity: string): Promise<string | undefined> => {
    await using opened: Opened = await open(subject, backend, { identity })
    return (await asking(subject, opened).messages('locket://shop/a'))[0]
  }
  assert.match((await ask(await changedIdentity(folder, { serverKey }))) ?? '', /has not signed/)
  const { port } = await startTlsServer(t)
  const apiUrl = `https://127.0.0.1:${port}`
  assert.match((await ask(await changedIdentity(folder, { apiUrl }))) ?? '', /certificate/)
  for (const odd of ['http://127.0.0.1:1', 'https://user:pw@host', 'ftp://x', 'https://host/path'])
    assert.match(
      (await ask(await changedIdentity(folder, { apiUrl: odd }))) ?? '',
      /is not https:\/\/ or unix:/,
      odd,
    )
})

test('a clock that is wrong is named, with how far', async (t) => {
  const { backend } = await connected(t)
  for (const [offset, says] of [
    [120_000, /the clock of this machine is 1(19|20|21) s ahead of that of locket at https/],
    [-300_000, /the clock of this machine is (299|300|301) s behind/],
  ] as const) {
    const clock = { ...systemClock(), now: () => Date.now() + offset }
    await using opened = await open(subject, { ...backend, deps: { clock } })
    assert.match((await asking(subject, opened).messages('locket://shop/a'))[0] ?? '', says)
  }
})

test('files that are not an identity are named, and nothing of them is shown', async (t) => {
  const { folder, backend } = await connected(t)
  const says = async (identity: string): Promise<string | undefined> => {
    await using opened = await open(subject, backend, { identity })
    return (await asking(subject, opened).messages('locket://shop/a'))[0]
  }
  const text = join(folder, 'text.json')
  await writeFile(text, `{"${CANARY}": 1}`)
  assert.match((await says(text)) ?? '', /identity in .*text\.json: it is not an identity\.json/)
  await writeFile(join(folder, 'bad.pem'), CANARY)
  const bad = await changedIdentity(folder, { privateKeyPath: 'bad.pem' })
  assert.match((await says(bad)) ?? '', /the private key beside it is not one of Ed25519/)
  const gone = await changedIdentity(folder, { privateKeyPath: 'gone.pem' })
  assert.match((await says(gone)) ?? '', /gone\.pem: there is no such file/)
  await mkdir(join(folder, 'dir.json'))
  assert.notEqual(await says(join(folder, 'dir.json')), 'ok')
})

test('a failure of the provider behind the broker is not one of this machine', () => {
  const rows: readonly (readonly [string, string])[] = [
    ['auth', 'unavailable'],
    ['config', 'unavailable'],
    ['cycle', 'cycle'],
    ['nonsense', 'unavailable'],
    ['denied', 'denied'],
    ['rate_limited', 'rate_limited'],
    ['timeout', 'timeout'],
  ]
  for (const [code, expected] of rows) {
    const sent = { cursor: 'c.1', answers: { 'shop/a': { error: code } } }
    const answer = readAnswer(sent, 'locket at https://b').rows.get('shop/a')
    assert.throws(() => resolvedOf(answer, 'shop/a', 'locket at https://b'), { code: expected })
  }
  const answers = {
    'shop/a': { value: 7 },
    'shop/b': { value: '*' },
    'shop/c': { unchanged: true, version: 'v' },
  }
  for (const row of readAnswer({ cursor: 'c.1', answers }, 'b').rows.values())
    assert.throws(() => resolvedOf(row, 'shop/a', 'b'), { code: 'provider_protocol' })
  assert.throws(() => readAnswer([], 'b'), { code: 'provider_protocol' })
})

test('more than 2000 references are asked for by several requests', async (t) => {
  const { service, codes } = await connected(t)
  const texts = Array.from({ length: 2100 }, (_, index) => `locket://shop/n${index}`)
  const answers = await codes(...texts)
  assert.equal(answers.filter((code) => code === 'denied').length, 2100)
  assert.equal(service.requests.length, 2)
})

test('an identity from a folder of its own works', async (t) => {
  const { folder, backend } = await connected(t)
  const own = await temporaryFolder(t)
  for (const file of ['first.json', 'first.pem'])
    await writeFile(join(own, file), await readFile(join(folder, file)))
  await using opened = await open(subject, backend, { identity: join(own, 'first.json') })
  assert.deepEqual(await asking(subject, opened).read('locket://shop/a'), [CANARY])
})
