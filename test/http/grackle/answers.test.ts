import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { TestBroker } from '../../support/broker.ts'
import {
  addSecrets,
  askGrackle,
  createClient,
  grackleBody,
  registryRow,
  rsaText,
  sendGrackle,
  startGrackle,
} from '../../support/grackle.ts'
import { auditOf } from '../../support/grackle-audit.ts'
import { untilLogged } from '../../support/until-logged.ts'

const client = createClient()
const [BAD, FORBIDDEN] = ['bad request\n', 'forbidden\n']

async function brokerWithValue(t: TestContext): Promise<TestBroker> {
  const broker = await startGrackle(t, client)
  await addSecrets(broker, { DB: 'canary-value' })
  return broker
}

test('the key, the methods and their exact bytes', async (t) => {
  const broker = await startGrackle(t, client)
  const { status, headers, bytes } = await broker.send({ path: '/locket' })
  assert.deepEqual([status, headers['content-type'], headers['content-length']], [200, 'text/plain', '459'])
  assert.match(
    bytes.toString(),
    /^-----BEGIN RSA PUBLIC KEY-----\n(?:[A-Za-z0-9+/]{64}\n){6}[A-Za-z0-9+/=]{8}\n-----END RSA PUBLIC KEY-----\n$/,
  )
  const options = await broker.send({ method: 'OPTIONS', path: '/locket' })
  assert.deepEqual([options.status, options.headers.allow, options.bytes.length], [200, 'GET, POST', 0])
  for (const method of ['PUT', 'DELETE', 'PATCH', 'HEAD']) {
    const answer = await broker.send({ method, path: '/locket' })
    const body = method === 'HEAD' ? '' : 'method not allowed\n'
    assert.deepEqual([method, answer.status, answer.bytes.toString()], [method, 405, body])
  }
})

test('a value is read; the answer has its exact form, and the read is in the audit', async (t) => {
  const broker = await brokerWithValue(t)
  const { status, text, headers, value } = await askGrackle(broker, client, 'DB')
  assert.deepEqual([status, headers['content-type'], value], [200, 'application/json', 'canary-value'])
  assert.match(text, /^\{"payload":"[A-Za-z0-9+/]{342}=="\}\n$/)
  const [line] = await auditOf(broker, 'read')
  assert.deepEqual(
    [line?.actor, line?.machine, line?.secret, line?.outcome, line?.reason, line?.address],
    ['machine grackle:api', 'grackle:api', 'api/DB', 'allowed', 'grant', '127.0.0.1'],
  )
  assert.ok(!broker.output().includes('canary-value'))
})

test('unknown JSON fields are accepted, and a 1024-bit key', async (t) => {
  const broker = await brokerWithValue(t)
  const more = await askGrackle(broker, client, 'DB', { sent: { another: [1] } })
  assert.deepEqual([more.status, more.value], [200, 'canary-value'])
  const small = { ...createClient(1024), signing: client.signing }
  assert.equal((await askGrackle(broker, small, 'DB')).value, 'canary-value')
})

test('what is not a request is a bad request', async (t) => {
  const broker = await brokerWithValue(t)
  const good = await grackleBody(broker, client, 'DB')
  const rows: readonly (readonly [why: string, body: string])[] = [
    ['no JSON', '{"payload"'],
    ['no fields', '{}'],
    ['a list', '[]'],
    [
      'a payload for another key',
      JSON.stringify({ ...good, payload: Buffer.alloc(256, 7).toString('base64') }),
    ],
    ['a payload of another length', JSON.stringify({ ...good, payload: 'AAAA' })],
    ['a payload that is not base64', JSON.stringify({ ...good, payload: '%%%%' })],
    ['an empty nonce', JSON.stringify({ ...good, nonce: '' })],
    ['a nonce of two lines', JSON.stringify({ ...good, nonce: 'a\nb' })],
    ['a float', JSON.stringify(good).replace(/"timestamp":(\d+)/, '"timestamp":$1.5')],
    ['a time as text', JSON.stringify({ ...good, timestamp: String(good['timestamp']) })],
    ['deep nesting', `${'['.repeat(5000)}${']'.repeat(5000)}`],
  ]
  for (const [why, body] of rows) {
    const { status, text } = await sendGrackle(broker, client, body)
    assert.deepEqual([why, status, text], [why, 400, BAD])
  }
  const twoLines = await askGrackle(broker, client, 'DB\nX')
  assert.deepEqual([twoLines.status, twoLines.text], [400, BAD])
  const noKey = await askGrackle(broker, client, 'DB', { clientKey: 'no key\n' })
  assert.deepEqual([noKey.status, noKey.text], [400, BAD])
  const refusals = await auditOf(broker, 'authenticate')
  assert.equal(refusals.length, rows.length + 2)
  assert.ok(refusals.every(({ outcome }) => outcome === 'denied'))
})

test('a body above 1 MiB is too large, and one of 1 MiB is read', async (t) => {
  const broker = await brokerWithValue(t)
  const body = JSON.stringify({ ...(await grackleBody(broker, client, 'DB')), filler: '' })
  const filled = body.replace('"filler":""', `"filler":"${'x'.repeat(1024 * 1024 - body.length)}"`)
  assert.equal((await sendGrackle(broker, client, filled)).value, 'canary-value')
  const { status, text } = await sendGrackle(broker, client, `${filled} `)
  assert.deepEqual([status, text], [413, 'request entity too large\n'])
  const [line] = await auditOf(broker, 'authenticate')
  assert.equal(line?.reason, 'its body is larger than 1 MiB')
})

test('what is not signed, not new or not in time is forbidden, and the audit says why', async (t) => {
  const broker = await brokerWithValue(t)
  const other = createClient()
  const body = JSON.stringify(await grackleBody(broker, client, 'DB'))
  assert.equal((await sendGrackle(broker, client, body)).status, 200)
  const refused = [
    ['this request was sent before', await sendGrackle(broker, client, body)],
    ['its time differs by more than 30 s', await askGrackle(broker, client, 'DB', { aheadSeconds: -32 })],
    ['its time differs by more than 30 s', await askGrackle(broker, client, 'DB', { aheadSeconds: 32 })],
    ['no registered key has signed it', await askGrackle(broker, other, 'DB')],
    [
      'no registered key has signed it',
      await askGrackle(broker, client, 'DB', { sent: { client_pubkey: rsaText(other.rsa) } }),
    ],
    ['no registered key has signed it', await askGrackle(broker, client, 'DB', { sent: { nonce: 'other' } })],
    [
      'no registered key has signed it',
      await askGrackle(broker, client, 'DB', { sent: { signature: 'AA==' } }),
    ],
  ] as const
  for (const [reason, { status, text }] of refused)
    assert.deepEqual([reason, status, text], [reason, 403, FORBIDDEN])
  const lines = await auditOf(broker, 'authenticate')
  assert.deepEqual(
    lines.map(({ reason }) => reason).toReversed(),
    refused.map(([reason]) => reason),
  )
  assert.equal(lines.at(-1)?.machine, 'grackle:api')
  for (const aheadSeconds of [-27, 27])
    assert.equal((await askGrackle(broker, client, 'DB', { aheadSeconds })).status, 200)
})

test('a service reads its own secrets and no others', async (t) => {
  const [second, third] = [createClient(), createClient()]
  const registry = [
    registryRow('api', client),
    registryRow('worker', second),
    registryRow('idle', third),
  ].join('')
  const broker = await startGrackle(t, client, { registry })
  await addSecrets(broker, { OWN: 'value of api', OTHER: 'value of worker' })
  await broker.admin('DELETE', '/v1/secrets/api/OTHER')
  await broker.admin('POST', '/v1/secrets', { project: 'worker', name: 'OTHER', reference: 'dotenv://OTHER' })
  assert.equal((await askGrackle(broker, second, 'OTHER')).value, 'value of worker')
  for (const name of ['OTHER', 'UNKNOWN', 'worker/OTHER', '*', 'OWN/x', 'ä'.repeat(95)]) {
    const { status, text } = await askGrackle(broker, client, name)
    assert.deepEqual([name, status, text], [name, 404, 'not found\n'])
  }
  const idle = await askGrackle(broker, third, 'OWN')
  assert.deepEqual([idle.status, idle.text], [403, FORBIDDEN])
  const reasons = (await auditOf(broker, 'read')).map(({ reason }) => reason)
  assert.ok(reasons.includes('the service has no secrets') && reasons.includes('no such secret'))
})

test('a value above the limit of RSA is a server error, which log and audit explain', async (t) => {
  const broker = await startGrackle(t, client)
  await addSecrets(broker, { FITS: 'x'.repeat(190), LONG: 'x'.repeat(191) })
  assert.equal((await askGrackle(broker, client, 'FITS')).value, 'x'.repeat(190))
  const { status, text } = await askGrackle(broker, client, 'LONG')
  assert.deepEqual([status, text], [500, 'server error\n'])
  const [line] = await auditOf(broker, 'read')
  assert.deepEqual(
    [line?.outcome, line?.secret, line?.reason],
    ['failed', 'api/LONG', "the value has more than the 190 bytes that the client's RSA key can encrypt"],
  )
  await untilLogged(() => broker.output(), /a value has more than the 190 bytes/)
  const large = { ...createClient(4096), signing: client.signing }
  assert.equal((await askGrackle(broker, large, 'LONG')).status, 200)
})
