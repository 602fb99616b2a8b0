import assert from 'node:assert/strict'
import { request as ask } from 'node:http'
import { test } from 'node:test'
import { LocketError } from '../../../src/core/vocabulary/errors.ts'
import { NO_BLIND_AUDIT } from '../../../src/app/audit/blind-audit.ts'
import { until } from '../../../scripts/engine/until.ts'
import { blindWorld, VALUE, type Answer } from './blind-world.ts'

function assertHidden({ text, headers }: Answer): void {
  const all = `${text} ${JSON.stringify(headers)}`
  for (const form of [VALUE, Buffer.from(VALUE).toString('base64').slice(0, -4), VALUE.slice(0, -2)])
    assert.ok(!all.includes(form), all)
}

test('a bound host gets the value, and its answers do not show it in any form', async (t) => {
  const { ask: get, target, bearer, placeholder } = await blindWorld(t)
  for (const path of ['/echo', '/gzip', '/br', '/chunked', '/base64', '/redirect']) {
    const answer = await get(target.api, { path, headers: bearer })
    assert.ok(answer.status === 200 || path === '/redirect', `${path}: ${answer.status}`)
    assert.equal(target.arrived.at(-1)?.headers['authorization'], `Bearer ${VALUE}`)
    assertHidden(answer)
  }
  const { text, headers } = await get(target.api, { headers: bearer })
  assert.ok(text.includes(placeholder.slice(0, VALUE.length)))
  assert.equal(Number(headers['content-length']), text.length)
})

test('a host without a binding gets no request, or the placeholder when it is allowed', async (t) => {
  const closed = await blindWorld(t)
  await assert.rejects(closed.ask(closed.target.other, { headers: closed.bearer }), /status 403/)
  assert.deepEqual(closed.target.arrived, [])
  assert.ok(closed.log.lines.some(({ event }) => event === 'blind.refused'))
  const open = await blindWorld(t, { allowed: ({ other }) => [other] })
  assert.equal((await open.ask(open.target.other, { headers: open.bearer })).status, 200)
  assert.equal(open.target.arrived.at(-1)?.headers['authorization'], `Bearer ${open.placeholder}`)
})

test('plain HTTP is refused, and the health check is answered', async (t) => {
  const { port, target, bearer } = await blindWorld(t)
  const plain = (path: string) =>
    new Promise<number>((resolve, reject) => {
      const request = ask({ port, path, headers: bearer }, (response) => {
        response.resume()
        resolve(response.statusCode ?? 0)
      })
      request.once('error', reject)
      request.end()
    })
  assert.equal(await plain(`http://${target.plain}/echo`), 403)
  assert.equal(await plain(`http://${target.api}/echo`), 403)
  assert.equal(await plain('/healthz'), 200)
  assert.deepEqual(target.arrived, [])
})

test('nothing is sent to a server whose certificate is not trusted', async (t) => {
  const { ask: get, target, bearer } = await blindWorld(t, { isTrusted: false })
  const answer = await get(target.api, { headers: bearer })
  assert.equal(answer.status, 502)
  assert.match(answer.text, /the certificate of localhost:\d+ is not trusted/)
  assert.deepEqual(target.arrived, [])
})

test('the address that is connected to decides, whatever the name meant before', async (t) => {
  const asked: string[] = []
  const {
    ask: get,
    target,
    bearer,
  } = await blindWorld(t, {
    addresses: [],
    lookup: (host, _options, done) => {
      asked.push(host)
      done(null, [{ address: '127.0.0.1', family: 4 }])
    },
  })
  const answer = await get(target.api, { headers: bearer })
  assert.equal(answer.status, 403)
  assert.match(answer.text, /localhost is not on the public internet/)
  assert.deepEqual([asked, target.arrived], [['localhost'], []])
})

test('a request for another host than that of its tunnel is refused', async (t) => {
  const { ask: get, target, bearer } = await blindWorld(t)
  const answer = await get(target.api, { headers: { ...bearer, host: target.other } })
  assert.equal(answer.status, 403)
  assert.deepEqual(target.arrived, [])
})

test('methods and paths limit where the value is used', async (t) => {
  const world = await blindWorld(t, { binding: { methods: ['GET'], paths: ['/v1/*'] } })
  const { target, bearer, placeholder, log } = world
  const seen = async (method: string, path: string) => {
    await world.ask(target.api, { method, path, headers: bearer })
    return target.arrived.at(-1)?.headers['authorization']
  }
  assert.equal(await seen('GET', '/v1/a'), `Bearer ${VALUE}`)
  for (const [method, path] of [
    ['POST', '/v1/a'],
    ['GET', '/v2/a'],
    ['GET', '/v1/../v2'],
  ] as const)
    assert.equal(await seen(method, path), `Bearer ${placeholder}`, path)
  assert.equal(log.lines.filter(({ event }) => event === 'blind.left').length, 3)
})

test('a body gets the value only where that is asked for, and within its limit', async (t) => {
  const bound = await blindWorld(t, { binding: { places: [{ kind: 'body' }] } })
  const json = { 'content-type': 'application/json' }
  const body = `{"token":"${bound.placeholder}"}`
  const answer = await bound.ask(bound.target.api, { method: 'POST', headers: json, body })
  assert.equal(bound.target.arrived.at(-1)?.body, `{"token":"${VALUE}"}`)
  assertHidden(answer)
  const large = await bound.ask(bound.target.api, {
    method: 'POST',
    headers: { 'content-length': 2 * 1024 * 1024 },
    body: Buffer.alloc(2 * 1024 * 1024),
  })
  assert.equal(large.status, 413)
  const free = await blindWorld(t)
  const sent = `{"token":"${free.placeholder}"}`
  await free.ask(free.target.api, { method: 'POST', headers: json, body: sent })
  assert.equal(free.target.arrived.at(-1)?.body, sent)
})

test('a value that no header can hold is an error, and is not sent', async (t) => {
  const { ask: get, target, bearer } = await blindWorld(t, { value: 'canary-line\nbreak' })
  const answer = await get(target.api, { headers: bearer })
  assert.equal(answer.status, 502)
  assert.match(answer.text, /the value of TOKEN holds a control character/)
  assert.deepEqual(target.arrived, [])
})

test('a request that cannot be audited is not sent when the audit says deny', async (t) => {
  const audit = {
    ...NO_BLIND_AUDIT,
    swapped: () => Promise.reject(new LocketError('io', 'the log is full')),
  }
  const { ask: get, target, bearer } = await blindWorld(t, { audit })
  assert.equal((await get(target.api, { headers: bearer })).status, 502)
  assert.deepEqual(target.arrived, [])
})

test('a new value is used at once, and the old one is still hidden', async (t) => {
  const world = await blindWorld(t)
  world.gate.use([world.secret('canary-blind-second-41')])
  await world.ask(world.target.api, { headers: world.bearer })
  assert.equal(world.target.arrived.at(-1)?.headers['authorization'], 'Bearer canary-blind-second-41')
  const old = await world.ask(world.target.api, { path: `/echo?${VALUE}` })
  assertHidden(old)
})

test('events arrive while the answer goes on', async (t) => {
  const { tunnel, target } = await blindWorld(t)
  const socket = await tunnel(target.api)
  let text = ''
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()))
  socket.write(`GET /events HTTP/1.1\r\nhost: ${target.api}\r\n\r\n`)
  await until('the first event', () => text.includes('data: first\n\n'))
})

test('a WebSocket passes, and its frames do not show the value', async (t) => {
  const { tunnel, target, placeholder } = await blindWorld(t)
  const socket = await tunnel(target.api)
  let text = ''
  socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')))
  const key = 'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-extensions: permessage-deflate'
  const head = `GET /ws HTTP/1.1\r\nhost: ${target.api}\r\nauthorization: Bearer ${placeholder}\r\n${key}`
  socket.write(`${head}\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n`)
  const frame = `Bearer ${placeholder.slice(0, VALUE.length)}`
  await until('the frame', () => text.includes(frame))
  assert.match(text, /^HTTP\/1\.1 101 Switching Protocols\r\n/)
  assert.ok(text.includes(`\x81${String.fromCharCode(frame.length)}${frame}`))
  const { headers } = target.arrived.at(-1) ?? {}
  assert.equal(headers?.['authorization'], `Bearer ${VALUE}`)
  assert.equal(headers?.['sec-websocket-extensions'], undefined)
})

test('clients that prefer HTTP/2 are given HTTP/1.1', async (t) => {
  const { tunnel, target } = await blindWorld(t)
  const socket = await tunnel(target.api, ['h2', 'http/1.1'])
  assert.equal(socket.alpnProtocol, 'http/1.1')
})
