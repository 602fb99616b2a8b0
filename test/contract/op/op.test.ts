import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { until } from '../../../scripts/engine/until.ts'
import { formatError } from '../../../src/core/vocabulary/errors.ts'
import type { ErrorCode, LocketError } from '../../../src/core/vocabulary/errors.ts'
import { makeToken } from '../../fixtures/op-token.ts'
import type { Service } from '../../fixtures/servers/http-fixture.ts'
import { fetched, open, parsed, within } from '../provider/provider-attempt.ts'
import type { Opened } from '../provider/provider-attempt.ts'
import type { SettingTexts } from '../provider/provider-backend.ts'
import { parsing } from '../provider/provider-parsing.ts'
import { startBackend, subject } from './op-server.ts'

// The real SDK in a real process, with a real server that refuses its login. The steps after a login need a
// live account.

const REFS = ['op://vault/item/a', 'op://vault/item/b'].map((text) => parsed(subject, text))
const DEADLINE = { timeout: 60_000 }

interface Tried extends Opened {
  readonly service: Service
  readonly tokenFile: string
  readonly errorOf: (signal?: AbortSignal) => Promise<LocketError>
}

async function tried(t: TestContext, changes: SettingTexts = {}, answer?: string): Promise<Tried> {
  const { service, backend, tokenFile } = await startBackend(t, answer)
  const opened = await open(subject, backend, { ...backend.settings, ...changes })
  t.after(() => opened.client[Symbol.asyncDispose]())
  return {
    ...opened,
    service,
    tokenFile,
    async errorOf(signal) {
      const errors = [...(await fetched(opened, REFS, signal)).values()].map((outcome) =>
        outcome.ok ? assert.fail('there is no such account') : outcome.error,
      )
      const [first = assert.fail('no outcome')] = errors
      assert.deepEqual(new Set(errors.map((error) => formatError(error))), new Set([formatError(first)]))
      return first
    },
  }
}

describe('provider op', () => {
  parsing(subject)

  const statuses: readonly [status: number, code: ErrorCode, requests: number][] = [
    [400, 'provider_protocol', 1],
    [401, 'auth', 1],
    [403, 'denied', 1],
    [404, 'unavailable', 4],
    [409, 'unavailable', 4],
    [418, 'provider_protocol', 1],
    [429, 'rate_limited', 1],
    [500, 'unavailable', 4],
    [503, 'unavailable', 4],
  ]
  for (const [status, code, requests] of statuses) {
    test(
      `a login refused with status ${status} is ${code}, and asked ${requests} times`,
      DEADLINE,
      async (t) => {
        const { service, errorOf, client } = await tried(t)
        service.knobs.failStatus = status
        const error = await errorOf()
        assert.equal(error.code, code)
        assert.ok(error.message.startsWith(`op at ${service.url} `), error.message)
        assert.ok(error.message.endsWith(`(status ${status})`), error.message)
        assert.deepEqual(service.requests, Array(requests).fill('POST /api/v3/auth/start'))
        assert.equal(client.status()?.requestsLastHour, requests)
      },
    )
  }

  test(
    'a limit that is met tells the limits, and nothing is asked until it may be over',
    DEADLINE,
    async (t) => {
      const { service, errorOf } = await tried(t)
      service.knobs.failNext.push({ status: 429, headers: { 'retry-after': '300' } })
      const error = await errorOf()
      assert.equal(error.code, 'rate_limited')
      assert.equal(error.retryAfterMs, 300_000)
      assert.match(error.hint ?? '', /1000 times an hour \(Business: 10000\).*1000 times a day/)
      assert.equal((await errorOf()).code, 'rate_limited')
      assert.equal(service.requests.length, 1)
    },
  )

  test(
    'a refused token is asked about once a minute, another one in the file at once',
    DEADLINE,
    async (t) => {
      const { service, errorOf, tokenFile, client } = await tried(t)
      service.knobs.failStatus = 401
      await errorOf()
      const again = await errorOf()
      assert.equal(again.code, 'auth')
      assert.match(again.message, /; not asked again for \S+ with this credential$/)
      await assert.rejects(client.probe(AbortSignal.timeout(20_000)), { code: 'auth' })
      assert.equal(service.requests.length, 1)
      await writeFile(tokenFile, makeToken(service.url).text)
      assert.equal((await errorOf()).code, 'auth')
      assert.equal(service.requests.length, 2)
    },
  )

  test('many callers share one login', DEADLINE, async (t) => {
    const { service, errorOf } = await tried(t)
    service.knobs.failStatus = 403
    service.knobs.delayMs = 100
    const errors = await Promise.all(Array.from({ length: 10 }, () => errorOf()))
    assert.deepEqual(new Set(errors.map(({ code }) => code)), new Set(['denied']))
    assert.equal(service.requests.length, 1)
  })

  test('a text that is not a token is auth, without a request', DEADLINE, async (t) => {
    const { service, errorOf, tokenFile, client } = await tried(t)
    const whole = makeToken(service.url).text
    const wrong = ['canary-token', 'ops_', 'ops_!!!!', whole.slice(0, -20), whole.slice(0, -21), `x${whole}`]
    for (const text of [...wrong, makeToken(service.url, { secretKey: 'A3-X' }).text]) {
      await writeFile(tokenFile, text)
      const error = await errorOf()
      assert.equal(error.code, 'auth', text)
      assert.match(formatError(error), /op-token is not a service account token \(it begins with ops_/)
    }
    assert.equal(service.requests.length, 0)
    assert.equal(client.status()?.requestsLastHour, 0)
  })

  test('an answer that means nothing is provider_protocol', DEADLINE, async (t) => {
    for (const answer of ['<html>welcome</html>', '', '[1]']) {
      const { service, errorOf } = await tried(t, {}, answer)
      const error = await errorOf()
      assert.equal(error.code, 'provider_protocol', answer)
      assert.match(error.hint ?? '', /proxy/)
      assert.equal(service.requests.length, 1)
    }
  })

  test('a token that does not fit the answer is auth', DEADLINE, async (t) => {
    const error = await (await tried(t)).errorOf()
    assert.equal(error.code, 'auth')
    assert.match(error.hint ?? '', /rotate it/)
  })

  test('an answer that is cut short is unavailable', DEADLINE, async (t) => {
    const { service, errorOf } = await tried(t)
    service.knobs.trouble = 'cut'
    assert.equal((await errorOf()).code, 'unavailable')
  })

  test('a server that nobody runs is unavailable, and named', DEADLINE, async (t) => {
    const { service, errorOf } = await tried(t)
    await service[Symbol.asyncDispose]()
    const error = await errorOf()
    assert.equal(error.code, 'unavailable')
    assert.equal(error.message, `op at ${service.url} refused the connection (ECONNREFUSED)`)
  })

  test(
    'a server that never answers is timeout at the deadline, and an abort ends the waiting',
    DEADLINE,
    async (t) => {
      const { service, errorOf } = await tried(t)
      service.knobs.trouble = 'hang'
      const began = performance.now()
      assert.equal((await errorOf(AbortSignal.timeout(1500))).code, 'timeout')
      assert.ok(performance.now() - began < 2500)
      const caller = new AbortController()
      const pending = errorOf(caller.signal)
      await arrived(service, 2)
      caller.abort()
      assert.equal((await within(1000, pending)).code, 'aborted')
      assert.equal((await errorOf(AbortSignal.abort())).code, 'aborted')
      assert.equal(service.requests.length, 2)
    },
  )

  test('the rate of the settings holds logins back', DEADLINE, async (t) => {
    const { service, errorOf } = await tried(t, { maxRate: '2/h' })
    service.knobs.failStatus = 500
    const error = await errorOf()
    assert.equal(error.code, 'rate_limited')
    assert.match(error.message, /max-rate is 2\/h/)
    assert.equal(service.requests.length, 2)
  })

  test('a missing token file and a wrong CA file are reported before any request', DEADLINE, async (t) => {
    const late = await tried(t, { token: 'file:/nowhere/token' })
    assert.equal((await late.errorOf()).code, 'credential_missing')
    const { service, errorOf, tokenFile } = await tried(t)
    await using other = await open(subject, (await startBackend(t)).backend, {
      token: `file:${tokenFile}`,
      caCert: tokenFile,
    })
    const outcomes = [...(await fetched(other, REFS)).values()]
    assert.ok(outcomes.every((outcome) => !outcome.ok && outcome.error.code === 'config'))
    assert.equal(service.requests.length, 0)
    service.knobs.failStatus = 401
    assert.equal((await errorOf()).code, 'auth')
  })

  test('after dispose every answer is internal', DEADLINE, async (t) => {
    const { client, errorOf } = await tried(t)
    await client[Symbol.asyncDispose]()
    await client[Symbol.asyncDispose]()
    assert.equal((await errorOf()).code, 'internal')
  })
})

/** Waits until so many requests have come. */
async function arrived(service: Service, count: number): Promise<void> {
  await until(`${count} requests`, () => service.requests.length >= count)
  assert.equal(service.requests.length, count)
}
