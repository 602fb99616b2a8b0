import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildBrokerServer } from '../../../src/http/broker/broker-server.ts'
import { serveMachines } from '../../../src/http/broker/machine-api.ts'
import { brokerParts } from '../../app/broker/broker-parts.ts'

test('requests that prove nothing are limited for their address, whatever they ask for', async (t) => {
  const { broker, clock, log } = await brokerParts(t)
  const server = buildBrokerServer(undefined)
  serveMachines(server, { broker, clock, emit: log.emit, seals: true })
  t.after(() => server.close())
  const ask = async (url: string, remoteAddress: string, method: 'GET' | 'POST' = 'GET') =>
    (await server.inject({ method, url, remoteAddress, ...(method === 'POST' ? { payload: '{}' } : {}) }))
      .statusCode
  const kinds = [
    ['/healthz', 'GET', 200],
    ['/v2/server', 'GET', 200],
    ['/v2/resolve', 'POST', 401],
    ['/v2/enrol', 'POST', 400],
    ['/nothing', 'GET', 404],
  ] as const
  for (let round = 0; round < 80; round += 1)
    for (const [url, method, status] of kinds) {
      const got = await ask(url, '10.0.0.1', method)
      // The limit of refused requests of one address comes first.
      assert.ok(got === status || (url === '/v2/resolve' && got === 429), `${url} ${got}`)
    }
  for (const [url, method] of kinds) assert.equal(await ask(url, '10.0.0.1', method), 429)
  assert.equal(await ask('/healthz', '10.0.0.2'), 200)
  await clock.advance(1000)
  assert.equal(await ask('/healthz', '10.0.0.1'), 200)
})
