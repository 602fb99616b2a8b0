import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, test } from 'node:test'
import { codesOf, fetched, open, parsed, settingsOf } from '../provider/provider-attempt.ts'
import { connected, startBackend, subjectOf } from './bws-server.ts'
import type { BwsClientName } from './bws-server.ts'

for (const client of ['builtin', 'sdk'] as const)
  describe(`answers to bws, ${client} client`, () => answers(client))

function answers(client: BwsClientName): void {
  test('key and note are read like the value', async (t) => {
    const { server, ids, read } = await connected(t, client, { secrets: 1 })
    const [id = ''] = ids
    const texts = [
      id,
      `bws://${id}?field=key`,
      `bws://${id.toUpperCase()}?field=note`,
      `bws://${id}?field=value`,
    ]
    assert.deepEqual(await read(...texts), ['value-0', 'key-0', 'note-0', 'value-0'])
    assert.deepEqual(server.batches, [[id]])
    server.secrets.set(id, { key: 'k', value: '' })
    assert.deepEqual(await read(id, `bws://${id}?field=note`), ['', ''])
  })

  test('what cannot be decrypted spoils no other', async (t) => {
    const { server, ids, codes } = await connected(t, client, { secrets: 4 })
    const zeros = (bytes: number) => Buffer.alloc(bytes).toString('base64')
    const odd = [
      `2.${zeros(16)}|${zeros(16)}|${zeros(32)}`,
      `0.${zeros(16)}|${zeros(16)}`,
      `7.${zeros(64)}`,
      'canary-9f2c-value',
    ]
    for (const text of odd) {
      server.knobs.values.set(ids[2] ?? '', text)
      assert.deepEqual(await codes(...ids), ['ok', 'ok', 'provider_protocol', 'ok'], text.slice(0, 3))
    }
  })

  test('a token with the key part of another is auth, and distinguished from a refused one', async (t) => {
    const { server, backend } = await startBackend(t, client)
    const [token, other] = [server.issue(), server.issue()]
    const mixed = token.replace(/:.*/, other.slice(other.indexOf(':')))
    const messageOf = async (text: string) => {
      await using opened = await open(subjectOf(client), backend, { ...backend.settings, token: text })
      const [outcome] = (await fetched(opened, [parsed(subjectOf(client), backend.missing)])).values()
      assert.ok(outcome?.ok === false && outcome.error.code === 'auth')
      return outcome.error.message
    }
    assert.match(
      await messageOf(mixed),
      /accepts the access token, but the key after its : does not decrypt the answer/,
    )
    server.revoke(token)
    assert.match(await messageOf(token), /^bws at http:\S+\/identity does not accept the access token$/)
  })

  test('a text that is not an access token is refused without a request and without showing it', async (t) => {
    const { server, backend } = await startBackend(t, client)
    const token = server.issue()
    const asked = backend.knobs.gauge?.().requests
    const [, secret = ''] = /\.([^.:]+):/.exec(token) ?? []
    const cut = token.slice(0, -4)
    const odd: Record<string, string> = {
      'has no : and so no key': token.replace(/:.*/, ''),
      'is of another version than 0': token.replace('0.', '1.'),
      'does not have three parts before its :': token.replace('.', '-'),
      'has no UUID for its second part': token.replace('-', ''),
      'has an empty third part': token.replace(secret, ''),
      'has a key that is not 16 bytes in base64': cut,
    }
    for (const [said, text] of Object.entries(odd)) {
      const canaries = [...backend.canaries, secret, text]
      await using opened = await open(
        subjectOf(client),
        { ...backend, canaries },
        { ...backend.settings, token: text },
      )
      const [outcome] = (await fetched(opened, [parsed(subjectOf(client), backend.missing)])).values()
      assert.ok(outcome?.ok === false && outcome.error.code === 'auth')
      assert.equal(
        outcome.error.message,
        `bws: bws-token is not an access token of a machine account: it ${said}`,
      )
    }
    assert.equal(backend.knobs.gauge?.().requests, asked)
  })

  test('an address that is not a Bitwarden server is retryable, and not a missing secret', async (t) => {
    const { backend } = await startBackend(t, client)
    const refs = [parsed(subjectOf(client), backend.missing)]
    for (const setting of ['apiUrl', 'identityUrl']) {
      const wrong = `${new URL(backend.settings['apiUrl'] ?? '').origin}/elsewhere`
      await using opened = await open(subjectOf(client), backend, { ...backend.settings, [setting]: wrong })
      const [outcome] = (await fetched(opened, refs)).values()
      assert.ok(outcome?.ok === false && outcome.error.code === 'unavailable')
      assert.equal(outcome.error.message, `bws at ${wrong} is not a Bitwarden server (status 404)`)
    }
  })

  test('a login that is not what Bitwarden sends is provider_protocol', async (t) => {
    const { server, backend } = await startBackend(t, client)
    const refs = [parsed(subjectOf(client), backend.missing)]
    const cases: [Record<string, unknown>, Record<string, unknown>][] = [
      [{ access_token: 'canary-9f2c-value' }, {}],
      [{ access_token: undefined }, {}],
      [{ encrypted_payload: 'canary-9f2c-value' }, {}],
      [{}, { scope: 'api.secrets' }],
      [{}, { organization: undefined }],
      [{}, { sub: undefined }],
      [{}, { exp: 'soon' }],
    ]
    for (const [login, claims] of cases) {
      Object.assign(server.knobs, { login, claims })
      await using opened = await open(subjectOf(client), backend)
      const code = await codesOf(opened, refs)
      assert.ok(
        code[0] === 'provider_protocol' || (client === 'sdk' && code[0] === 'auth'),
        JSON.stringify([login, claims, code]),
      )
    }
  })
}

test('a login is renewed when its time is over, and not before', async (t) => {
  const { server, ids, read } = await connected(t, 'builtin', { secrets: 1 })
  server.knobs.ttlSeconds = 2
  const logins = () => server.requests.filter((request) => request.endsWith('/connect/token')).length
  await read(...ids)
  await read(...ids)
  assert.equal(logins(), 1)
  await sleep(2000)
  await read(...ids)
  assert.equal(logins(), 2)
})

test('with authorities of its own the SDK cannot be: auto does without, sdk is a wrong setting', () => {
  const check = (client: string, caCert?: string) => {
    const texts = { token: 'x', client, ...(caCert === undefined ? {} : { caCert }) }
    return subjectOf('sdk').def.check(settingsOf(subjectOf('sdk'), texts))
  }
  assert.deepEqual(check('auto', '/ca.pem'), [])
  assert.deepEqual(check('builtin', '/ca.pem'), [])
  assert.deepEqual(check('sdk'), [])
  assert.match(check('sdk', '/ca.pem').join(), /^bws-client sdk does not support bws-ca-cert/)
})
