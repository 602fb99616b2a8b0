import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import * as fc from 'fast-check'
import { SignJWT, UnsecuredJWT } from 'jose'
import type { Issuer } from '../../../src/core/broker/seams.ts'
import { isLocketError } from '../../../src/core/vocabulary/errors.ts'
import { createVerifyToken } from '../../../src/host/broker/workload/verify-token.ts'
import { createManualClock } from '../../fakes/manual-clock.ts'
import { AUDIENCE, startIssuer, SUBJECT, type TokenParts } from '../../fixtures/servers/issuer.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

async function opened(t: TestContext, more: Partial<Issuer> = {}) {
  const service = await startIssuer(t)
  const clock = createManualClock(Date.now())
  const issuer: Issuer = {
    name: 'ci',
    url: service.url,
    audience: [AUDIENCE],
    algorithms: ['RS256', 'ES256'],
    caCert: service.caCert,
    ...more,
  }
  const verify = createVerifyToken([issuer], { clock, proxyFor: async () => ({}) })
  /** The reason of the refusal, or `good`. */
  const outcome = async (token: string, name = 'ci'): Promise<string> => {
    try {
      await verify(name, token)
      return 'good'
    } catch (thrown) {
      assert.ok(isLocketError(thrown), String(thrown))
      assert.ok(token.length < 20 || !thrown.message.includes(token))
      return `${thrown.code}: ${thrown.reason}`
    }
  }
  const sign = (parts: TokenParts = {}) => service.sign({ now: Math.floor(clock.now() / 1000), ...parts })
  return { service, clock, verify, outcome, sign, issuer }
}

test('a good token gives its claims, and a session as long as the token', async (t) => {
  const { verify, sign, clock, service } = await opened(t)
  const { claims, subject, expires } = await verify('ci', await sign())
  assert.deepEqual([claims['repository'], subject], ['acme/shop', SUBJECT])
  assert.ok(Math.abs(expires - clock.now() - 300_000) < 2000)
  const long = await verify('ci', await sign({ expires: 90_000 }))
  assert.equal(long.expires, clock.now() + 3_600_000, 'an hour at the latest')
  assert.deepEqual(service.requests, ['/.well-known/openid-configuration', '/keys'])
})

test('a session has the time of its issuer, when the table tells one', async (t) => {
  const { verify, sign, clock } = await opened(t, { sessionMs: 900_000 })
  assert.equal((await verify('ci', await sign())).expires, clock.now() + 900_000)
})

test('a token that is not good is refused by the reason', async (t) => {
  const { outcome, sign, clock } = await opened(t)
  const rows: readonly (readonly [TokenParts, RegExp])[] = [
    [{ audience: 'https://other.example' }, /for another audience/],
    [{ expires: -61 }, /has expired/],
    [{ notBefore: 120 }, /not valid yet/],
    [{ kid: 'key-9' }, /no such key/],
    [{ claims: { sub: undefined } }, /no subject/],
    [{ claims: { groups: Array.from({ length: 300 }, () => 1) } }, /too many values/],
  ]
  for (const [parts, says] of rows) assert.match(await outcome(await sign(parts)), says)
  for (const parts of [{ expires: -30 }, { notBefore: 30 }])
    assert.equal(await outcome(await sign(parts)), 'good', 'clocks differ')
  const good = await sign()
  const [head = '', body = '', signature = ''] = good.split('.')
  const other = Buffer.from(
    JSON.stringify({ ...JSON.parse(Buffer.from(body, 'base64url').toString()), sub: 'x' }),
  )
  assert.match(await outcome(`${head}.${other.toString('base64url')}.${signature}`), /signature does not fit/)
  assert.match(await outcome(good, 'other'), /^config: the broker has no issuer other/)
  await clock.advance(10 * 60_000)
  assert.match(await outcome(good), /has expired/)
})

test('a token of another issuer or algorithm is refused without a question to any server', async (t) => {
  const { outcome, sign, service } = await opened(t)
  assert.match(await outcome(await sign({ issuer: 'https://evil.example' })), /its issuer is not/)
  const claims = { sub: 'x' }
  const unsigned = new UnsecuredJWT(claims).setIssuer(service.url).setAudience(AUDIENCE).encode()
  assert.match(await outcome(unsigned), /not a JWT/)
  const symmetric = await new SignJWT(claims)
    .setProtectedHeader({ alg: 'HS256' })
    .setIssuer(service.url)
    .sign(new Uint8Array(32))
  assert.match(await outcome(symmetric), /algorithm is not one of RS256, ES256/)
  for (const text of ['', 'a.b', 'a.b.c', 'a.b.c.d', 'ey.ey.ey', '...', `${'a'.repeat(9999)}.a.a`])
    assert.match(await outcome(text), /^auth: the token is not good/)
  assert.deepEqual(service.requests, [])
})

test('callers at the same time share one question, and keys are kept for ten minutes', async (t) => {
  const { outcome, sign, service, clock } = await opened(t)
  service.knobs.delayMs = 50
  const tokens = await Promise.all(Array.from({ length: 20 }, () => sign()))
  assert.deepEqual(new Set(await Promise.all(tokens.map((token) => outcome(token)))), new Set(['good']))
  assert.equal(service.requests.length, 2)
  await clock.advance(9 * 60_000)
  assert.equal(await outcome(await sign()), 'good')
  assert.equal(service.requests.length, 2)
  await clock.advance(60_000)
  assert.equal(await outcome(await sign()), 'good')
  assert.equal(service.requests.length, 4)
})

test('a new key is asked for when a token names it, and at most each 30 s', async (t) => {
  const { outcome, sign, service, clock } = await opened(t)
  const old = await sign()
  assert.equal(await outcome(old), 'good')
  await service.rotate()
  assert.match(await outcome(await sign()), /no such key/)
  assert.equal(service.requests.length, 2, 'unknown keys do not make questions')
  await clock.advance(30_000)
  assert.equal(await outcome(await sign()), 'good')
  assert.match(await outcome(old), /no such key/)
  assert.equal(service.requests.length, 4)
})

test('an issuer that gives no keys is unavailable by name, and is left alone for 5 s', async (t) => {
  const { outcome, sign, service, clock } = await opened(t)
  const token = await sign()
  const rows: readonly (readonly [() => void, RegExp])[] = [
    [() => (service.knobs.failStatus = 500), /status 500/],
    [() => (service.knobs.failStatus = undefined), /.*/],
  ]
  rows[0]?.[0]()
  assert.match(await outcome(token), /^unavailable: there are no keys from .*status 500/)
  rows[1]?.[0]()
  assert.match(await outcome(token), /status 500/)
  assert.equal(service.requests.length, 1)
  const faults: readonly (readonly [Partial<typeof service>, RegExp])[] = [
    [{ discovery: { issuer: 'https://evil.example' } }, /document of another issuer/],
    [{ discovery: { jwks_uri: 'http://127.0.0.1/keys' } }, /not a discovery document/],
    [{ discovery: {}, keys: { keys: 'none' } }, /not a set of keys/],
    [{ keys: { keys: [], more: 'x'.repeat(300_000) } }, /larger than 256 KiB/],
    [{ keys: Array.from({ length: 20_000 }, () => 0) }, /too many values/],
  ]
  for (const [change, says] of faults) {
    Object.assign(service, change)
    await clock.advance(5000)
    assert.match(await outcome(token), says)
  }
  service.keys = undefined
  service.knobs.trouble = 'cut'
  await clock.advance(5000)
  assert.match(await outcome(token), /^unavailable/)
  service.knobs.trouble = 'none'
  await clock.advance(5000)
  assert.equal(await outcome(token), 'good')
})

test('an issuer whose certificate nobody vouches for gives no keys', async (t) => {
  const { outcome, sign } = await opened(t, { caCert: undefined })
  assert.match(await outcome(await sign()), /^unavailable: there are no keys from/)
})

test('keys of a file need no server, and a changed file counts', async (t) => {
  const folder = await temporaryFolder(t)
  const keys = join(folder, 'keys.json')
  const { outcome, sign, service, clock } = await opened(t, { keys })
  assert.match(await outcome(await sign()), /no keys from .*keys\.json: it does not exist/)
  const publish = async (): Promise<void> =>
    writeFile(keys, await (await fetchKeys(service.caCert, `${service.url}/keys`)).text())
  await publish()
  const before = service.requests.length
  await clock.advance(5000)
  assert.equal(await outcome(await sign()), 'good')
  await service.rotate()
  await publish()
  await clock.advance(30_000)
  assert.equal(await outcome(await sign()), 'good')
  assert.equal(service.requests.length, before + 1, 'only this test has asked')
})

test('no text is taken for a good token, and each refusal is one of the table', async (t) => {
  const { outcome, sign } = await opened(t)
  const good = await sign()
  assert.equal(await outcome(good), 'good')
  await fc.assert(
    fc.asyncProperty(fc.nat(good.length - 1), fc.string({ minLength: 1, maxLength: 3 }), async (at, put) => {
      const changed = good.slice(0, at) + put + good.slice(at + put.length)
      fc.pre(changed !== good && !isSameToken(changed, good))
      assert.match(await outcome(changed), /^auth: the token is not good/)
    }),
    { numRuns: 300 },
  )
})

/** The last character of a part of base64 holds bits that mean nothing. */
function isSameToken(one: string, other: string): boolean {
  const bytes = (text: string): string =>
    text
      .split('.')
      .map((part) => Buffer.from(part, 'base64url').toString('hex'))
      .join('.')
  return bytes(one) === bytes(other)
}

async function fetchKeys(caCert: string, url: string): Promise<{ text(): Promise<string> }> {
  const { fetchJson } = await import('../../../src/host/broker/workload/fetch-json.ts')
  const read = await fetchJson(url, { caCert, proxyFor: async () => ({}) })
  return { text: async () => JSON.stringify(read) }
}
