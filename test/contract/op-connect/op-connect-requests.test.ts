import assert from 'node:assert/strict'
import { test } from 'node:test'
import { idOf, manyItems } from '../../fixtures/servers/connect-data.ts'
import { connected } from './op-connect-server.ts'

const FIELDS = ['username', 'password']
const TWENTY = Array.from({ length: 10 }, (_, item) =>
  FIELDS.map((field) => `op://bench/item ${item}/${field}`),
).flat()
/**
 * Long enough that requests sent at once are also there at once on a busy machine. How fast it is, `bench/`
 * tells.
 */
const DELAY_MS = 300

test('twenty secrets of ten items: three round trips cold, one when names are known', async (t) => {
  const { server, read } = await connected(t, manyItems(10))
  server.knobs.delayMs = DELAY_MS
  await read(...TWENTY)
  assert.equal(server.requests.length, 1 + 10 + 10)
  assert.equal(server.requests[0], '/v1/vaults')
  assert.ok(server.requests.slice(1, 11).every((path) => path.includes('filter=')))
  assert.equal(server.maxInFlight, 10, 'the ten look-ups or the ten reads went one after the other')
  await read(...TWENTY)
  assert.equal(server.requests.length, 21 + 10)
})

test('references by id need one request for each item', async (t) => {
  const { server, read } = await connected(t, manyItems(2))
  const item = `op://${idOf(1)}/${idOf(1000)}`
  assert.deepEqual(await read(`${item}/username`, `${item}/password`), ['user-0', 'password-0'])
  assert.deepEqual(server.requests, [`/v1/vaults/${idOf(1)}/items/${idOf(1000)}`])
})

test('an item that was deleted and created again is looked up again', async (t) => {
  const { server, read, codes } = await connected(t, manyItems(1))
  const items = server.data.vaults[0]?.items ?? assert.fail()
  assert.deepEqual(await read('op://bench/item 0/password'), ['password-0'])
  items.splice(0, 1, { id: idOf(2000), title: 'item 0', fields: [{ id: 'password', value: 'new' }] })
  assert.deepEqual(await read('op://bench/item 0/password'), ['new'])
  items.splice(0, 1)
  const before = server.requests.length
  assert.deepEqual(await codes('op://bench/item 0/password'), ['not_found'])
  assert.ok(server.requests.length - before <= 4)
})

test('an item that gave its title to another is not read in its place', async (t) => {
  const { server, read } = await connected(t, manyItems(1))
  const items = server.data.vaults[0]?.items ?? assert.fail()
  assert.deepEqual(await read('op://bench/item 0/password'), ['password-0'])
  const [old] = items
  assert.ok(old !== undefined)
  old.title = 'item 0 (old)'
  items.push({ id: idOf(2000), title: 'item 0', fields: [{ id: 'password', value: 'new' }] })
  assert.deepEqual(await read('op://bench/item 0/password'), ['new'])
})

test('a forbidden secret is denied, whether its name is known or not', async (t) => {
  const { server, codes } = await connected(t, manyItems(1))
  assert.deepEqual(await codes('op://bench/item 0/password'), ['ok'])
  server.knobs.forbidden.add(idOf(1000))
  assert.deepEqual(await codes('op://bench/item 0/password'), ['denied'])
  assert.deepEqual(await codes(`op://bench/${idOf(1000)}/password`), ['denied'])
  server.knobs.forbidden.add(idOf(1))
  assert.deepEqual(await codes(`op://${idOf(1)}/${idOf(1000)}/password`), ['denied'])
})

test('the 401 that old servers start with is overcome, and a bad token asked about twice at most', async (t) => {
  const { server, codes } = await connected(t, manyItems(3))
  const references = [0, 1, 2].map((item) => `op://bench/item ${item}/password`)
  server.knobs.refuseFirst = 1
  assert.deepEqual(await codes(...references), ['ok', 'ok', 'ok'])
  server.knobs.tokens.clear()
  const known = server.requests.length
  assert.deepEqual(await codes(...references), ['auth', 'auth', 'auth'])
  assert.ok(server.requests.length - known <= references.length + 1)
  const again = server.requests.length
  assert.deepEqual(await codes(...references), ['auth', 'auth', 'auth'])
  assert.equal(server.requests.length - again, 0, 'a refused token is asked about again within the minute')
})

test('a missing item is asked for with one filter and one list, however many references name it', async (t) => {
  const { server, codes } = await connected(t, manyItems(1))
  assert.deepEqual(await codes('op://bench/gone/a', 'op://bench/gone/b', 'op://bench/lost/c'), [
    'not_found',
    'not_found',
    'not_found',
  ])
  assert.equal(server.requests.length, 1 + 2 + 1)
})

test('a server that is not a Connect server is retryable', async (t) => {
  const { server, codes, messages } = await connected(t, manyItems(1))
  server.knobs.failStatus = 404
  assert.deepEqual(await codes('op://bench/item 0/password'), ['unavailable'])
  const [message] = await messages('op://bench/item 0/password')
  assert.match(
    message ?? '',
    /^op-connect at http:\/\/127\.0\.0\.1:\d+ has no list of vaults \(status 404\)$/,
  )
})

test('an address that ends in /v1 is the same server', async (t) => {
  for (const end of ['/v1', '/v1/']) {
    const { server, read } = await connected(t, manyItems(1), end)
    assert.deepEqual(await read('op://bench/item 0/password'), ['password-0'])
    assert.equal(server.requests[0], '/v1/vaults')
  }
})
