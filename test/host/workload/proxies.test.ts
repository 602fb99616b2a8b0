import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { fetchJson } from '../../../src/host/broker/workload/fetch-json.ts'
import { nodeProxyFor } from '../../../src/providers/lib/proxy/choose-proxy.ts'
import { startIssuer } from '../../fixtures/servers/issuer.ts'

test('the keys of an issuer are asked for by our rules of proxies', async (t) => {
  const { url: origin, caCert } = await startIssuer(t)
  const { host } = new URL(origin)
  const asked: (string | undefined)[] = []
  const proxy = createServer().on('connect', (request, socket) => {
    asked.push(request.url)
    socket.end('HTTP/1.1 403 Forbidden\r\n\r\n')
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  t.after(() => proxy.close())
  const address = proxy.address() as AddressInfo
  const url = `${origin}/.well-known/openid-configuration`
  // Node takes none of these: an address without its scheme, ALL_PROXY, a range of addresses.
  const through = { ALL_PROXY: `127.0.0.1:${address.port}` }
  await assert.rejects(fetchJson(url, { caCert, proxyFor: (to) => nodeProxyFor(to, through) }), {
    code: 'unavailable',
  })
  assert.deepEqual(asked, [host])
  const around = { ...through, NO_PROXY: '127.0.0.0/8,localhost' }
  await fetchJson(url, { caCert, proxyFor: (to) => nodeProxyFor(to, around) })
  assert.equal(asked.length, 1)
})
