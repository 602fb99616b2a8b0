import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, test } from 'node:test'
import { codesOf, fetched, textsOf } from '../provider/provider-attempt.ts'
import { connected } from './bws-server.ts'
import type { BwsClientName } from './bws-server.ts'

const RATE = 5

for (const client of ['builtin', 'sdk'] as const)
  describe(`requests of bws, ${client} client`, () => requests(client))

function requests(client: BwsClientName): void {
  test('twenty secrets are one request once there is a login', async (t) => {
    const { server, ids, read } = await connected(t, client, { secrets: 20 })
    const values = ids.map((_, index) => `value-${index}`)
    assert.deepEqual(await read(...ids), values)
    assert.equal(server.requests.length, 2)
    assert.deepEqual(await read(...ids), values)
    assert.equal(server.requests.length, 3)
    assert.deepEqual([...server.agents], ['locket'])
  })

  test('fifty callers at once are as many requests as one', async (t) => {
    const opened = await connected(t, client, { secrets: 20 })
    const { server, ids } = opened
    const callAll = () => Promise.all(Array.from({ length: 50 }, () => opened.read(...ids)))
    for (const texts of await callAll()) assert.equal(texts.at(-1), 'value-19')
    assert.equal(server.requests.length, 2)
    for (const texts of await callAll()) assert.equal(texts.at(-1), 'value-19')
    assert.equal(server.requests.length, 3)
  })

  test('a thousand secrets of a hundred callers go through a small rate', async (t) => {
    const settings = { maxRate: `${RATE}/s` }
    const opened = await connected(t, client, { secrets: 1000, settings })
    const { server, ids } = opened
    const batches = Array.from({ length: 100 }, (_, index) => ids.slice(index * 10, index * 10 + 10))
    const seen = await Promise.all(batches.map((batch) => opened.read(...batch)))
    assert.deepEqual(
      seen.flat(),
      ids.map((_, index) => `value-${index}`),
    )
    assert.equal(server.requests.length, 1 + 4)
    assert.ok(server.batches.every((batch) => batch.length === 250))
    // Callers that come one after the other, and more of them than the rate lets through.
    const late = batches.slice(0, 40).map(async (batch, index) => {
      await sleep(index * 50)
      return opened.read(...batch)
    })
    assert.equal((await Promise.all(late)).flat().length, 400)
    assert.ok(server.requests.length < 5 + 40)
    const { times } = server
    // The rate holds where requests are sent. The server sees when they arrive, which differs under load.
    const arrivalJitterMs = 300
    for (const [index, time] of times.entries()) {
      const after = times[index + RATE]
      assert.ok(
        after === undefined || after - time >= 1000 - arrivalJitterMs,
        `${RATE + 1} requests in ${(after ?? 0) - time} ms`,
      )
    }
  })

  test('one missing secret in twenty is found by halves, and then asked for separately', async (t) => {
    const { server, ids, codes } = await connected(t, client, { secrets: 20 })
    const codesWithout = ids.map((_, index) => (index === 13 ? 'not_found' : 'ok'))
    server.secrets.delete(ids[13] ?? '')
    assert.deepEqual(await codes(...ids), codesWithout)
    assert.ok(server.batches.length <= 10, `${server.batches.length} requests`)
    const before = server.batches.length
    assert.deepEqual(await codes(...ids), codesWithout)
    assert.deepEqual(
      server.batches.slice(before).map((batch) => batch.length),
      [19, 1],
    )
    server.secrets.set(ids[13] ?? '', { key: 'k', value: 'it is back' })
    await codes(...ids)
    assert.deepEqual(await codes(...ids), Array(20).fill('ok'))
    assert.equal(server.batches.at(-1)?.length, 20)
  })

  test('any number of missing secrets are distinguished from the others', async (t) => {
    const { server, ids, codes, messages } = await connected(t, client, { secrets: 7 })
    for (const id of [ids[0], ids[3], ids[4], ids[6]]) server.knobs.forbidden.add(id ?? '')
    assert.deepEqual(await codes(...ids), [
      'not_found',
      'ok',
      'ok',
      'not_found',
      'not_found',
      'ok',
      'not_found',
    ])
    for (const id of ids) server.secrets.delete(id)
    assert.deepEqual(await codes(...ids), Array(7).fill('not_found'))
    const [message] = await messages(ids[0] ?? '')
    const [, said] = /^bws at http:\S+\/api (.*)$/.exec(message ?? '') ?? []
    assert.equal(said, 'has no such secret, or this machine account may not read it')
  })

  test('a caller that gives up leaves alone', async (t) => {
    const opened = await connected(t, client, { secrets: 2 })
    const { server, ids } = opened
    const [first = '', second = ''] = ids
    server.knobs.delayMs = 2000
    const caller = new AbortController()
    const givesUp = codesOf(opened, opened.refsOf([first]), caller.signal)
    const stays = textsOf(opened, opened.refsOf([second]))
    await sleep(150)
    caller.abort()
    assert.deepEqual(await givesUp, ['aborted'])
    assert.deepEqual(await stays, ['value-1'])
    assert.deepEqual(server.batches, [[second]])
  })

  test('when all have given up, nothing is asked any more', async (t) => {
    const opened = await connected(t, client, { secrets: 1 })
    const { server, ids, refsOf } = opened
    assert.deepEqual(await opened.read(...ids), ['value-0'])
    server.knobs.delayMs = 200
    const timeout = AbortSignal.timeout(50)
    const outcomes = await Promise.all([1, 2, 3].map(() => fetched(opened, refsOf(ids), timeout)))
    for (const outcome of outcomes.flatMap((one) => [...one.values()]))
      assert.ok(!outcome.ok && outcome.error.code === 'timeout')
    server.knobs.delayMs = 0
    assert.deepEqual(await opened.read(...ids), ['value-0'])
  })

  test('no more requests in flight than the setting says', async (t) => {
    const opened = await connected(t, client, { secrets: 1000, settings: { maxConcurrent: '2' } })
    await opened.client.probe(AbortSignal.timeout(5000))
    opened.server.knobs.delayMs = 100
    assert.equal((await opened.read(...opened.ids)).length, 1000)
    assert.equal(opened.server.batches.length, 4)
    assert.equal(opened.server.maxInFlight, 2)
  })
}
