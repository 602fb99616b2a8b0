import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import { isLocketError, LocketError } from '../../src/core/vocabulary/errors.ts'
import type { Rate } from '../../src/core/waiting/rate.ts'
import { systemClock } from '../../src/host/daemon/clock.ts'
import { createHttpClient, type HttpRequest } from '../../src/providers/lib/http/http.ts'
import { createTraffic } from '../../src/providers/lib/http/traffic.ts'

type Answer = (response: ServerResponse, request: IncomingMessage) => void

/** Answers the first requests with these, and every later one with the last. */
async function asked(t: TestContext, answers: readonly Answer[], rates: readonly Rate[] = []) {
  const times: number[] = []
  const server = createServer((request, response) => {
    const answer = answers[Math.min(times.length, answers.length - 1)]
    times.push(performance.now())
    answer?.(response, request)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const traffic = createTraffic({ provider: 'x', maxConcurrent: 9, rates, clock: systemClock() })
  const http = createHttpClient({ provider: 'x', baseUrl, maxConcurrent: 9, traffic })
  t.after(async () => {
    await http[Symbol.asyncDispose]()
    server.closeAllConnections()
    server.close()
  })
  const ask = (more: Partial<HttpRequest> = {}) =>
    http.sendJson({ path: '/', headers: {}, maxBytes: 999, signal: AbortSignal.timeout(10_000), ...more })
  return { ask, times, traffic }
}

const says =
  (status: number, headers: Readonly<Record<string, string>> = {}): Answer =>
  (response) =>
    void response.writeHead(status, headers).end('{"canary":"canary-9f2c"}')

test('503, 500 and a cut connection are tried again until one succeeds', async (t) => {
  const { ask, times } = await asked(t, [says(503), (response) => response.destroy(), says(500), says(200)])
  assert.deepEqual(await ask(), { canary: 'canary-9f2c' })
  assert.equal(times.length, 4)
})

test('after three more tries the failure is reported', async (t) => {
  const { ask, times } = await asked(t, [says(503)])
  await assert.rejects(ask(), { code: 'unavailable', message: /is failing \(status 503\)$/ })
  assert.equal(times.length, 4)
})

test('no 4xx but 429 is tried again', async (t) => {
  for (const status of [400, 401, 403, 404, 405, 409, 410, 413, 418, 422]) {
    const { ask, times } = await asked(t, [says(status)])
    await assert.rejects(ask(), (error) => isLocketError(error) && !error.message.includes('canary'))
    assert.equal(times.length, 1, String(status))
  }
})

test('Retry-After is waited for, and holds the other requests too', async (t) => {
  const { ask, times } = await asked(t, [says(429, { 'retry-after': '1' }), says(200)])
  const first = ask()
  while (times.length === 0) await new Promise((turn) => setImmediate(turn))
  await new Promise((turn) => setTimeout(turn, 50))
  await Promise.all([first, ask()])
  const [start = 0, ...others] = times
  assert.equal(others.length, 2)
  assert.ok(
    others.every((at) => at - start >= 950),
    others.map((at) => at - start).join(),
  )
})

test('what must not happen twice is not repeated', async (t) => {
  const { ask, times } = await asked(t, [says(503)])
  await assert.rejects(ask({ method: 'POST', body: new Uint8Array(Buffer.from('{}')), mayRepeat: false }))
  assert.equal(times.length, 1)
})

test('a provider can interpret a refusal and see its body, which appears nowhere else', async (t) => {
  const { ask } = await asked(t, [says(400)])
  const seen: unknown[] = []
  await assert.rejects(
    ask({
      explain: ({ status, body }) => {
        seen.push(status, body)
        return undefined
      },
    }),
    { code: 'provider_protocol' },
  )
  assert.deepEqual(seen, [400, { canary: 'canary-9f2c' }])
})

test('a body is sent as it is, again with every try', async (t) => {
  const bodies: string[] = []
  const echo =
    (status: number): Answer =>
    (response, request) => {
      request.on('data', (chunk: Buffer) => bodies.push(`${request.method} ${chunk.toString()}`))
      request.on('end', () => response.writeHead(status).end('{}'))
    }
  const { ask } = await asked(t, [echo(502), echo(200)])
  await ask({ method: 'POST', body: new Uint8Array(Buffer.from('{"a":1}')) })
  assert.deepEqual(bodies, ['POST {"a":1}', 'POST {"a":1}'])
})

test('requests are counted, each try of them', async (t) => {
  const { ask, traffic } = await asked(t, [says(503), says(200)])
  await ask()
  assert.equal(traffic.status().requestsLastHour, 2)
})

test('a redirect is not followed', async (t) => {
  const { ask, times } = await asked(t, [says(307, { location: '/elsewhere' })])
  await assert.rejects(ask(), {
    code: 'provider_protocol',
    message: /redirects, which locket does not follow/,
  })
  assert.equal(times.length, 1)
})

test('a deadline in a pause tells what was wrong, and one in a request whom it waited for', async (t) => {
  const busy = await asked(t, [says(503, { 'retry-after': '5' })])
  const deadline = () => {
    const late = new AbortController()
    setTimeout(() => late.abort(new LocketError('timeout', 'no answer within 200 ms')), 200).unref()
    return late.signal
  }
  await assert.rejects(busy.ask({ signal: deadline() }), { code: 'unavailable', message: /status 503/ })
  const silent = await asked(t, [() => undefined])
  await assert.rejects(silent.ask({ signal: deadline() }), {
    code: 'timeout',
    message: /^x at http:\/\/127\.0\.0\.1:\d+: no answer within 200 ms$/,
  })
})
