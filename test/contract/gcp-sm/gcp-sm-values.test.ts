import assert from 'node:assert/strict'
import { test } from 'node:test'
import { onGcp } from './gcp-sm-server.ts'

const PATH = 'projects/my-project/secrets/db'
const REF = `gcp-sm://${PATH}`

test('versions are read by number, and each is asked for once', async (t) => {
  const { read, server } = await onGcp(t)
  server.secrets.set(PATH, [
    { data: Buffer.from('{"a":"old"}') },
    { data: Buffer.from('{"a":"new","n":1.0}') },
  ])
  const refs = [REF, `${REF}?field=a`, `${REF}?field=n`, `${REF}/versions/1?field=a`, `${REF}?version=1`]
  assert.deepEqual(await read(...refs), ['{"a":"new","n":1.0}', 'new', '1.0', 'old', '{"a":"old"}'])
  assert.equal(server.requests.filter((request) => request.includes(':access')).length, 2)
})

test('a value with another checksum than it says is refused, one without a checksum is taken', async (t) => {
  const { messages, codes, read, server } = await onGcp(t)
  server.secrets.set(PATH, [{ data: Buffer.from('canary-9f2c-value'), crc32c: '12345' }])
  assert.match((await messages(REF))[0] ?? '', /sent a value with another checksum than it says/)
  assert.deepEqual(await codes(REF), ['provider_protocol'])
  server.secrets.set(PATH, [{ data: Buffer.from('value'), crc32c: 'none' }])
  assert.deepEqual(await read(REF), ['value'])
})

test('a disabled version, a forbidden secret and a missing one are named', async (t) => {
  const { messages, server } = await onGcp(t)
  server.secrets.set(PATH, [{ data: Buffer.from('x'), state: 'DISABLED' }])
  server.knobs.forbidden.add('projects/my-project/secrets/other')
  const [disabled, denied, missing] = await messages(
    REF,
    'gcp-sm://projects/my-project/secrets/other',
    `${REF}?version=9`,
  )
  assert.match(
    disabled ?? '',
    /does not give out projects\/my-project\/secrets\/db\/versions\/latest .*disabled or destroyed/,
  )
  assert.match(denied ?? '', /does not let these credentials read .*roles\/secretmanager.secretAccessor/)
  assert.match(
    missing ?? '',
    /has no projects\/my-project\/secrets\/db\/versions\/9 \(status 404\) \(does this version exist\?\)/,
  )
})
