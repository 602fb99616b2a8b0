import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { AuthExpiredError, RateLimitExceededError, createClient } from '@1password/sdk'
import type { ErrorCode } from '../../../src/core/vocabulary/errors.ts'
import { explainThrown } from '../../../src/providers/op/sdk-failures.ts'
import { encodeToken, makeToken } from '../../fixtures/op-token.ts'
import { startService, text } from '../../fixtures/servers/http-fixture.ts'
import type { Service } from '../../fixtures/servers/http-fixture.ts'

// Every message of 1Password's SDK that locket reads, said by the SDK itself: a new version that says it
// otherwise fails here.

const UNKNOWN = /failed in a way that is not known here/

async function started(t: TestContext, answer = '{}'): Promise<Service> {
  const service = await startService({
    answer: () => text(200, answer),
    failure: (status) => text(status, 'canary-body'),
  })
  t.after(() => service[Symbol.asyncDispose]())
  return service
}

async function thrownBy(token: string): Promise<unknown> {
  return createClient({ auth: token, integrationName: 'locket', integrationVersion: '0' }).then(
    () => assert.fail('there is no such account'),
    (thrown: unknown) => thrown,
  )
}

/** How locket reads the SDK's error messages. */
async function readingOf(token: string): Promise<readonly [ErrorCode, string]> {
  const { code, message } = explainThrown(await thrownBy(token), 'op', undefined)
  assert.doesNotMatch(message, UNKNOWN)
  assert.doesNotMatch(message, /canary|authentication error|reqwest/)
  return [code, message]
}

test("each status is distinguished by the SDK's message", async (t) => {
  const codes: Readonly<Record<number, ErrorCode>> = {
    400: 'provider_protocol',
    401: 'auth',
    403: 'denied',
    404: 'unavailable',
    408: 'unavailable',
    409: 'unavailable',
    410: 'unavailable',
    418: 'provider_protocol',
    429: 'rate_limited',
    500: 'unavailable',
    501: 'unavailable',
    502: 'unavailable',
    503: 'unavailable',
    504: 'unavailable',
    599: 'unavailable',
  }
  const service = await started(t)
  for (const [status, code] of Object.entries(codes)) {
    service.knobs.failStatus = Number(status)
    const reading = await readingOf(makeToken(service.url).text)
    assert.equal(reading[0], code, status)
    assert.ok(reading[1].endsWith(`(status ${status})`), reading[1])
  }
  assert.equal(service.requests.length, Object.keys(codes).length, 'the SDK asks once')
})

test('a text that is not a token is detected by format, base64 and JSON', async () => {
  const whole = makeToken('http://127.0.0.1:1').text
  const wrong = [
    'foo',
    'ops_',
    'ops_!!!!',
    encodeToken({}),
    encodeToken([]),
    whole.slice(0, -20),
    `${whole}=`,
  ]
  for (const token of wrong) {
    const [code, message] = await readingOf(token)
    assert.equal(code, 'auth', token)
    assert.match(message, /not a service account token/)
  }
})

test('a token that does not fit what the server says of the account', async (t) => {
  const [code, message] = await readingOf(makeToken((await started(t)).url).text)
  assert.equal(code, 'auth')
  assert.match(message, /op-token cannot be used/)
})

test('a connection that is refused or cut, and an answer that cannot be read', async (t) => {
  assert.equal((await readingOf(makeToken('http://127.0.0.1:9').text))[0], 'unavailable')
  assert.equal((await readingOf(makeToken('http://nowhere.invalid').text))[0], 'unavailable')
  const service = await started(t, '<html>welcome, canary</html>')
  assert.equal((await readingOf(makeToken(service.url).text))[0], 'provider_protocol')
  service.knobs.trouble = 'cut'
  assert.equal((await readingOf(makeToken(service.url).text))[0], 'unavailable')
})

test('the errors that have a class of their own', () => {
  assert.equal(explainThrown(new AuthExpiredError('canary'), 'op', undefined).code, 'auth')
  assert.equal(explainThrown(new RateLimitExceededError('canary'), 'op', undefined).code, 'rate_limited')
})

test('an unknown failure is reported without its text', () => {
  for (const thrown of [
    new Error('canary'),
    'canary',
    undefined,
    { message: 'canary' },
    new Error('ours: canary: bad request. '),
  ]) {
    const { code, message } = explainThrown(thrown, 'op', undefined)
    assert.equal(code, 'provider_protocol')
    assert.match(message, UNKNOWN)
    assert.doesNotMatch(message, /canary/)
  }
})
