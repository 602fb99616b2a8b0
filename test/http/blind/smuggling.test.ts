import assert from 'node:assert/strict'
import { test } from 'node:test'
import { until } from '../../../scripts/engine/until.ts'
import { blindWorld } from './blind-world.ts'

/** Sends text through a tunnel, and resolves with the head of the first answer. */
async function raw({ tunnel }: Awaited<ReturnType<typeof blindWorld>>, to: string, text: string) {
  const socket = await tunnel(to)
  let answer = ''
  socket.on('data', (chunk: Buffer) => (answer += chunk.toString('latin1')))
  socket.write(text)
  await until('an answer', () => answer.includes('\r\n\r\n'))
  return answer
}

test('a request with two Host headers is refused', async (t) => {
  const world = await blindWorld(t)
  const { api, other, arrived } = world.target
  for (const hosts of [
    [api, other],
    [api, api],
  ]) {
    const head = hosts.map((host) => `Host: ${host}\r\n`).join('')
    const answer = await raw(world, api, `GET /echo HTTP/1.1\r\n${head}\r\n`)
    assert.match(answer, /^HTTP\/1\.1 403 /)
  }
  assert.deepEqual(arrived, [])
})

test('an upgrade with a body is refused, so that no later request becomes its body', async (t) => {
  const world = await blindWorld(t)
  const { api, arrived } = world.target
  const start = `POST /echo HTTP/1.1\r\nHost: ${api}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n`
  for (const header of ['Content-Length: 60', 'Transfer-Encoding: chunked']) {
    const answer = await raw(world, api, `${start}${header}\r\n\r\n`)
    assert.match(answer, /^HTTP\/1\.1 403 /, header)
  }
  assert.deepEqual(arrived, [])
})

test('an answer with a compressed transfer is not passed on: values in it are not hidden', async (t) => {
  const { ask, target, bearer } = await blindWorld(t)
  const answer = await ask(target.api, { path: '/coded-transfer', headers: bearer })
  assert.equal(answer.status, 502)
  assert.match(answer.text, /compressed its answer in a way that cannot be read/)
})

test('an upgrade to another protocol than WebSocket is refused by its name', async (t) => {
  const world = await blindWorld(t)
  const { api, arrived } = world.target
  const start = `GET /ws HTTP/1.1\r\nHost: ${api}\r\nAuthorization: Bearer ${world.placeholder}\r\n`
  for (const name of ['h2c', 'TLS/1.2', 'websocket, h2c', 'websocket2', 'x'.repeat(90)]) {
    const answer = await raw(
      world,
      api,
      `${start}Connection: Upgrade, HTTP2-Settings\r\nUpgrade: ${name}\r\n\r\n`,
    )
    assert.match(answer, /^HTTP\/1\.1 403 /, name)
  }
  const answer = await raw(world, api, `${start}Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n`)
  await until('the reason', () =>
    answer.includes('an upgrade to "h2c" is not passed on, only one to websocket'),
  )
  assert.deepEqual(arrived, [])
})
