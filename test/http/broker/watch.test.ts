import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { until } from '../../../scripts/engine/until.ts'
import { startBroker, type BrokerReply, type TestBroker, type TestMachine } from '../../support/broker.ts'

/** A watch is held for 55 s: one that ends before this was ended by what the test did. */
const AT_ONCE_MS = 20_000
const folder = mkdtempSync(join(tmpdir(), 'locket-watch-'))
let broker: TestBroker

before(async () => {
  broker = await startBroker({ folder, args: ['--broker-refresh', '2s'] })
  broker.put({ A: 'one', B: 'two' })
  for (const name of ['A', 'B'])
    await broker.admin('POST', '/v1/secrets', { project: 'shop', name, reference: `dotenv://${name}` })
})
after(async () => {
  await broker.stop()
  rmSync(folder, { recursive: true })
})

async function cursorOf(machine: TestMachine, ...refs: string[]): Promise<string> {
  return (await broker.resolve(machine, ...refs)).json.cursor
}

/** Begins a watch; `ms` are counted from the call of `act`. */
async function held(
  machine: TestMachine,
  since: string,
  act: () => Promise<unknown>,
): Promise<{ reply: BrokerReply; ms: number }> {
  const watching = broker.ask(machine, { method: 'GET', url: `/v2/watch?since=${since}` })
  await sleep(300)
  const from = performance.now()
  const done = act()
  const reply = await watching
  const ms = performance.now() - from
  await done
  return { reply, ms }
}

test('a held watch ends at once when the machine is disabled, and when it is removed', async () => {
  for (const end of ['disable', 'remove'] as const) {
    const name = `web-${end}`
    const machine = await broker.machine(name, ['shop/A'])
    const since = await cursorOf(machine, 'shop/A')
    const { reply, ms } = await held(machine, since, () =>
      end === 'disable'
        ? broker.admin('POST', `/v1/machines/${name}/disable`)
        : broker.admin('DELETE', `/v1/machines/${name}`),
    )
    assert.ok(ms < AT_ONCE_MS, `${ms} ms`)
    assert.deepEqual([reply.status, reply.json.error.code, reply.isSigned], [401, 'auth', true])
    assert.equal((await broker.resolve(machine, 'shop/A')).status, 401, 'the next request is refused')
  }
})

test('a machine that is enabled again gets answers again', async () => {
  const machine = await broker.machine('again', ['shop/A'])
  await broker.admin('POST', '/v1/machines/again/disable')
  assert.equal((await broker.resolve(machine, 'shop/A')).status, 401)
  await broker.admin('POST', '/v1/machines/again/enable')
  assert.equal((await broker.resolve(machine, 'shop/A')).status, 200)
})

test('a watch ends when a value changes, for the machines that may read it', async () => {
  const [a, b] = [await broker.machine('reads-a', ['shop/A']), await broker.machine('reads-b', ['shop/B'])]
  const [sinceA, sinceB] = [await cursorOf(a, 'shop/A'), await cursorOf(b, 'shop/B')]
  const stop = new AbortController()
  const other = broker.ask(b, { method: 'GET', url: `/v2/watch?since=${sinceB}`, signal: stop.signal })
  const isQuiet = other.then(
    () => false,
    () => true,
  )
  const { reply, ms } = await held(a, sinceA, async () => broker.put({ A: 'changed', B: 'two' }))
  assert.deepEqual(reply.json.changed, ['shop/A'])
  assert.ok(reply.isSigned && ms < AT_ONCE_MS, `${ms} ms`)
  stop.abort()
  assert.ok(await isQuiet, 'the other machine still waits')
})

test('a watch ends when a grant comes, when one goes, and when a reference is another one', async () => {
  const machine = await broker.machine('grants', ['shop/A'])
  const grant = { project: 'shop', name: 'B' }
  const given = await held(machine, await cursorOf(machine), () =>
    broker.admin('POST', '/v1/machines/grants/grants', grant),
  )
  assert.equal(given.reply.json.changed, 'all')
  assert.ok('value' in ((await broker.resolve(machine, 'shop/B')).json.answers['shop/B'] ?? {}))
  const taken = await held(machine, await cursorOf(machine), () =>
    broker.admin('DELETE', '/v1/machines/grants/grants/shop/B'),
  )
  assert.equal(taken.reply.json.changed, 'all')
  assert.deepEqual((await broker.resolve(machine, 'shop/B')).json.answers['shop/B'], { error: 'denied' })
  assert.ok(given.ms < AT_ONCE_MS && taken.ms < AT_ONCE_MS)
})

test('a change during a read is not missed, and a cursor of another broker means everything', async () => {
  const machine = await broker.machine('late', ['shop/*'])
  const since = await cursorOf(machine, 'shop/A')
  await broker.admin('POST', '/v1/secrets', { project: 'shop', name: 'new', reference: 'dotenv://B' })
  const missed = await broker.ask(machine, { method: 'GET', url: `/v2/watch?since=${since}` })
  assert.deepEqual(missed.json.changed, ['shop/new'])
  for (const odd of ['', 'x.1', `${missed.json.cursor}9`, '../..']) {
    const reply = await broker.ask(machine, { method: 'GET', url: `/v2/watch?since=${odd}` })
    assert.equal(reply.json.changed, 'all', odd)
  }
})

test('one machine holds four watches and no more', async () => {
  const machine = await broker.machine('many', ['shop/A'])
  const since = await cursorOf(machine)
  const stop = new AbortController()
  const watch = { method: 'GET', url: `/v2/watch?since=${since}`, signal: stop.signal }
  // On a busy machine the fifth may come before one of the four, which is refused then, and asks again.
  const four = Array.from({ length: 4 }, () =>
    until('the test is over', async () => {
      await broker.ask(machine, watch).catch(() => undefined)
      return stop.signal.aborted
    }),
  )
  const fifth = await until('the fifth is refused', () =>
    broker.ask(machine, { ...watch, signal: AbortSignal.timeout(1000) }).catch(() => undefined),
  )
  assert.deepEqual([fifth.status, fifth.json.error.code], [429, 'rate_limited'])
  stop.abort()
  await Promise.all(four)
  const again = { method: 'GET', url: '/v2/watch?since=' }
  await until('there is room again', async () => (await broker.ask(machine, again)).status === 200)
})

test('a stop ends held watches at once, and answers them', async () => {
  const machine = await broker.machine('stopping', ['shop/A'])
  const { reply, ms } = await held(machine, await cursorOf(machine), async () => broker.stop())
  assert.deepEqual([reply.status, reply.json.error.code], [503, 'unavailable'])
  assert.ok(ms < AT_ONCE_MS, `${ms} ms`)
  assert.equal(await broker.stop(), 0)
})
