import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { folderOf, inDev, PROJECT } from '../../fixtures/servers/infisical-data.ts'
import { failure } from '../../fixtures/servers/infisical-identity.ts'
import { json, startService, text } from '../../fixtures/servers/http-fixture.ts'
import type { ServiceAnswer } from '../../fixtures/servers/http-fixture.ts'
import { CANARY, codesOf, fetched, open, parsed } from '../provider/provider-attempt.ts'
import { oddAnswers } from '../provider/odd-answers.ts'
import { CANARIES, CLIENT_ID, CLIENT_SECRET, connected, REST, subject } from './infisical-server.ts'

const TOKEN = CANARIES[2] ?? assert.fail()
const GOOD_LOGIN = json(200, { accessToken: TOKEN, expiresIn: 60 })
const A = `infisical:///A?${REST}`
const B = `infisical:///B?${REST}`
const ROW = { secretKey: 'A', secretValue: CANARY, type: 'shared' }

oddAnswers({
  subject,
  settings: (url) => ({ url, clientId: CLIENT_ID, clientSecret: CLIENT_SECRET, maxRate: 'none' }),
  // The first alone in its folder, the others together.
  references: [`${A}&path=/alone`, A, B, `infisical:///*?${REST}&path=/all`],
  steps: [
    {
      name: 'login',
      isAt: (url) => url.endsWith('/login'),
      good: JSON.stringify({ accessToken: TOKEN, expiresIn: 60 }),
    },
    {
      name: 'list',
      isAt: (url) => /\/secrets\?/.test(url),
      good: JSON.stringify({ secrets: [ROW, { ...ROW, secretKey: 'B' }], imports: [] }),
    },
    { name: 'secret', isAt: (url) => /\/secrets\/\w/.test(url), good: JSON.stringify({ secret: ROW }) },
  ],
  keys: [
    'accessToken',
    'expiresIn',
    'secret',
    'secrets',
    'imports',
    'secretKey',
    'secretValue',
    'secretValueHidden',
    'type',
    'message',
    'error',
  ],
  around: [
    (odd) => ({ secrets: [ROW], imports: odd, secret: { ...ROW, secretValueHidden: odd } }),
    (odd) => ({ secrets: odd, secret: odd, accessToken: TOKEN, expiresIn: odd }),
    (odd) => ({ message: odd, error: odd }),
  ],
  canaries: CANARIES,
})

/** A server with one answer to logins and one to everything else. */
async function oddServer(t: TestContext, loginAnswer: ServiceAnswer, readAnswer = loginAnswer) {
  const service = await startService({
    failure,
    answer: (request) => (request.method === 'POST' ? loginAnswer : readAnswer),
  })
  const backend = {
    settings: { url: service.url, clientId: CLIENT_ID, clientSecret: CLIENT_SECRET },
    put: () => Promise.reject(new Error('nothing is stored here')),
    missing: '',
    canaries: CANARIES,
    knobs: {},
  }
  const opened = await open(subject, backend)
  t.after(async () => {
    await opened.client[Symbol.asyncDispose]()
    await service[Symbol.asyncDispose]()
  })
  return { service, opened }
}

test('a login that is none is provider_protocol, and quotes nothing', async (t) => {
  const answers = [
    text(200, `<html>${CANARY}</html>`),
    json(200, null),
    json(200, { accessToken: TOKEN }),
    json(200, { accessToken: '', expiresIn: 60 }),
    json(200, { accessToken: `${TOKEN}\nx: y`, expiresIn: 60 }),
    json(200, { accessToken: TOKEN, expiresIn: -1 }),
    json(200, { accessToken: TOKEN, expiresIn: '60' }),
  ]
  for (const answer of answers) {
    const { opened } = await oddServer(t, answer)
    assert.deepEqual(await codesOf(opened, [parsed(subject, A)]), ['provider_protocol'])
  }
})

test('secrets that are none are provider_protocol, and quote nothing', async (t) => {
  const answers = [
    text(200, CANARY),
    json(200, null),
    json(200, [CANARY]),
    json(200, { secrets: { A: CANARY } }),
    json(200, { secrets: [{ ...ROW, secretValue: 7 }], secret: { ...ROW, secretValue: 7 } }),
    json(200, { secrets: [{ ...ROW, type: null }], secret: { ...ROW, type: null } }),
    json(200, { secrets: [ROW], imports: [{ secrets: CANARY }] }),
  ]
  for (const answer of answers) {
    const { opened } = await oddServer(t, GOOD_LOGIN, answer)
    const expected = ['provider_protocol', 'provider_protocol']
    assert.deepEqual(await codesOf(opened, [parsed(subject, A), parsed(subject, B)]), expected)
    assert.deepEqual(await codesOf(opened, [parsed(subject, A)]), ['provider_protocol'])
  }
})

test('an answer without imports, or with more than is known, is read all the same', async (t) => {
  const rows = [
    { ...ROW, tags: [{}], metadata: null },
    { ...ROW, secretKey: 'B', skipMultiline: 1 },
  ]
  for (const imports of [{}, { imports: null }, { imports: [] }]) {
    const { opened } = await oddServer(t, GOOD_LOGIN, json(200, { secrets: rows, ...imports }))
    assert.deepEqual(await codesOf(opened, [parsed(subject, A), parsed(subject, B)]), ['ok', 'ok'])
  }
})

test('the pause that a 429 asks for is read out of its text where no header has it', async (t) => {
  const answer = failure(429, 'Rate limit exceeded. Please try again in 50 seconds')
  for (const header of [undefined, '45']) {
    const headers = header === undefined ? {} : { 'retry-after': header }
    const { opened, service } = await oddServer(t, GOOD_LOGIN, { ...answer, headers })
    const [outcome] = (await fetched(opened, [parsed(subject, A)])).values()
    assert.ok(outcome?.ok === false)
    assert.equal(outcome.error.code, 'rate_limited')
    assert.equal(outcome.error.retryAfterMs, header === undefined ? 50_000 : 45_000)
    assert.equal(service.requests.length, 2, 'a pause that long is left to the next fetch')
  }
})

test('what a server says of a read, and what it means', async (t) => {
  const meanings: [ServiceAnswer, string][] = [
    [
      json(422, { statusCode: 422, error: 'ValidationFailure', message: [{ path: [CANARY] }] }),
      'provider_protocol',
    ],
    [failure(400, 'Folder not found for the given environment slug & secret path'), 'not_found'],
    [failure(400, `Project is of another kind ${CANARY}`), 'provider_protocol'],
    [failure(403, `Forbidden ${CANARY}`, 'ForbiddenReadSecretError'), 'denied'],
    [failure(404, `Project with ID '${PROJECT}' not found`, 'ProjectNotFound'), 'not_found'],
    [text(403, '<html>proxy</html>'), 'denied'],
    [text(404, '<html>proxy</html>'), 'unavailable'],
    [failure(504, 'timeout'), 'unavailable'],
  ]
  for (const [answer, code] of meanings) {
    const { opened } = await oddServer(t, GOOD_LOGIN, answer)
    assert.deepEqual(await codesOf(opened, [parsed(subject, A)]), [code], answer.body.toString())
  }
})

test('a server with neither address for secrets is reported as such', async (t) => {
  const { server, codes, messages } = await connected(t, inDev({ '/': folderOf({ A: 'a', B: 'b' }) }))
  server.knobs.generation = 'none'
  assert.deepEqual(await codes(A, B), ['provider_protocol', 'provider_protocol'])
  assert.match((await messages(A))[0] ?? '', /knows neither \/api\/v4\/secrets nor \/api\/v3\/secrets\/raw/)
  server.knobs.generation = 'v4'
  assert.deepEqual(await codes(A, B), ['ok', 'ok'])
})

test('a server of 2024 says of what is missing that the request is bad', async (t) => {
  const { server, codes } = await connected(t, inDev({ '/': folderOf({ A: 'a' }) }))
  server.knobs.missingStatus = 400
  const texts = [A, B, `${A}&path=/gone`]
  assert.deepEqual(await codes(...texts), ['ok', 'not_found', 'not_found'])
})
