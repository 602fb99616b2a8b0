import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createCounts } from '../../../src/app/admin/metrics/counts.ts'
import { daemonReport } from '../../../src/app/admin/report.ts'
import { statusText } from '../../../src/app/admin/text.ts'
import { metricsText } from '../../../src/http/admin/metrics.ts'
import { LocketError } from '../../../src/core/vocabulary/errors.ts'
import { assertNoSecret } from '../../support/assert-no-secret.ts'
import { CANARY } from '../world.ts'
import { openSwarm, requestFor } from './asking.ts'

const A = `${CANARY}-a`
const DOWN = new LocketError('unavailable', 'the provider is down')

test('a bare reference and a template give the value, under both names of the label', async (t) => {
  const { ask } = await openSwarm(t)
  assert.equal(await ask(requestFor('memory://a')), A)
  assert.equal(await ask(requestFor('', { labels: { 'locket.ref': 'u={{ memory://a }}' } })), `u=${A}`)
})

test('500 tasks at once ask the provider once for each distinct secret', async (t) => {
  const { world, ask } = await openSwarm(t)
  const requests = Array.from({ length: 500 }, (_, index) =>
    requestFor(index % 2 === 0 ? 'memory://a' : 'memory://b'),
  )
  const answers = await Promise.all(requests.map(ask))
  assert.deepEqual(new Set(answers), new Set([A, `${CANARY}-b`]))
  assert.deepEqual(world.provider.batches, [['a'], ['b']])
})

test('a value is given from memory for its time, and then asked for again', async (t) => {
  const { world, ask, askSlowly } = await openSwarm(t)
  await ask(requestFor('memory://a'))
  world.provider.put('a', 'rotated')
  await world.clock.advance(59_000)
  assert.equal(await ask(requestFor('memory://a')), A)
  await world.clock.advance(2000)
  assert.equal((await askSlowly(requestFor('memory://a'))).text, 'rotated')
  assert.equal(world.provider.batches.length, 2)
})

test('a task that was served is answered without the provider, unless the label has changed', async (t) => {
  const { world, ask, askSlowly } = await openSwarm(t)
  const first = requestFor('memory://a')
  await ask(first)
  world.provider.hang(true)
  await world.clock.advance(61_000)
  assert.equal(await ask(first), A)
  assert.equal(world.provider.batches.length, 1)
  const changed = { ...first, labels: { 'locket.secret': 'memory://b' } }
  assert.equal((await askSlowly(changed)).text, 'timeout')
})

test('a provider that hangs: every answer is there within 2 s, and for 5 s at once', async (t) => {
  const { world, ask, askSlowly } = await openSwarm(t)
  world.provider.hang(true)
  const { text, ms } = await askSlowly(requestFor('memory://a'))
  assert.equal(text, 'timeout')
  assert.ok(ms <= 2000, `${ms} ms`)
  // Another secret of the same provider: no question, and no wait on the clock.
  assert.equal(await ask(requestFor('memory://b')), 'timeout')
  assert.equal(world.provider.batches.length, 1)
  await world.clock.advance(5100)
  world.provider.hang(false)
  assert.equal(await ask(requestFor('memory://b')), `${CANARY}-b`)
})

test('a slow provider: its late answer is there for the next try', async (t) => {
  const { world, ask, askSlowly } = await openSwarm(t)
  const { promise, resolve } = Promise.withResolvers<void>()
  world.provider.delay(promise)
  assert.equal((await askSlowly(requestFor('memory://a'))).text, 'timeout')
  resolve()
  await world.clock.advance(5100)
  assert.equal(await ask(requestFor('memory://a')), A)
  assert.equal(world.provider.batches.length, 1)
})

test('the value before is given in an outage, for its time, and never after a denial', async (t) => {
  const { world, ask, askSlowly } = await openSwarm(t)
  await ask(requestFor('memory://a'))
  world.provider.fail(DOWN)
  await world.clock.advance(61_000)
  assert.equal((await askSlowly(requestFor('memory://a'))).text, A)
  const stale = world.log.lines.filter(({ event }) => event === 'swarm.stale')
  assert.equal(stale.length, 1)
  world.provider.fail(new LocketError('denied', 'revoked'))
  await world.clock.advance(6000)
  assert.equal((await askSlowly(requestFor('memory://a'))).text, 'denied')
  world.provider.fail(DOWN)
  await world.clock.advance(6000)
  assert.equal((await askSlowly(requestFor('memory://a'))).text, 'unavailable')
})

test('the value before is forgotten after its time, and its bytes are wiped', async (t) => {
  const { world, driver, ask, askSlowly } = await openSwarm(t)
  await ask(requestFor('memory://a'))
  await world.clock.advance(1)
  assert.deepEqual([driver.swarm.report().bytes, driver.swarm.report().tasks], [A.length, 1])
  world.provider.fail(DOWN)
  await world.clock.advance(661_000)
  assert.deepEqual([driver.swarm.report().bytes, driver.swarm.report().tasks], [0, 0])
  assert.equal((await askSlowly(requestFor('memory://a'))).text, 'unavailable')
})

test('dispose wipes every value', async (t) => {
  const { world, driver, ask } = await openSwarm(t)
  await ask(requestFor('memory://a'))
  driver.swarm[Symbol.dispose]()
  await world.clock.advance(1)
  assert.equal(driver.swarm.report().bytes, 0)
})

test('sizes: 1 to 511,999 bytes, and a volume is named as the way out', async (t) => {
  const { world, driver, ask } = await openSwarm(t)
  for (const [size, expected] of [
    [0, 'unfit_value'],
    [1, 1],
    [511_999, 511_999],
    [512_000, 'too_large'],
  ] as const) {
    world.provider.put(`s${size}`, 'x'.repeat(size))
    const answer = await ask(requestFor(`memory://s${size}`))
    assert.equal(typeof expected === 'number' ? answer.length : answer, expected)
  }
  const [trouble] = driver.swarm.report().troubles.filter(({ code }) => code === 'too_large')
  assert.match(
    trouble?.error ?? '',
    /511999 bytes, the limit of Swarm \(a volume of locket has no such limit/,
  )
})

test('a denied service beside an allowed one, in every order', async (t) => {
  const { world, ask } = await openSwarm(t, [{ effect: 'allow', services: ['shop_*'], secrets: ['db_*'] }])
  for (const order of [
    ['shop_db', 'other'],
    ['other', 'shop_db'],
    ['other', 'shop_db', 'other', 'shop_db'],
  ])
    for (const service of order)
      assert.equal(await ask(requestFor('memory://a', { service })), service === 'other' ? 'denied' : A)
  // One line for the denied one: neither its retries nor the allowed one make more.
  const refused = world.log.lines.filter(({ event, level }) => event === 'swarm.refused' && level === 'warn')
  assert.equal(refused.length, 1)
})

test('labels that cannot work are refused with the cure, and no value is in the log', async (t) => {
  const { world, driver, ask } = await openSwarm(t)
  for (const [labels, message] of [
    [{}, /has no label locket\.secret \(docker secret create -d locket/],
    [{ 'locket.secert': 'memory://a' }, /did you mean locket\.secret\?/],
    [{ 'locket.secret': 'memory://a', 'locket.mode': '0400' }, /target=FILE,mode=0400/],
    [{ 'locket.secret': 'memory://a', 'locket.ref': 'memory://a' }, /keep one of them/],
    [{ 'locket.secret': 'no reference' }, /label locket\.secret: has no reference/],
    [{ 'locket.secret': 'memory://x*' }, /gives several values/],
    [{ 'locket.secret': 'x'.repeat(65_537) }, /more than 65536 characters/],
    [{ 'locket.secret': `{{ memory://a }}`.repeat(101) }, undefined],
  ] as const) {
    const answer = await ask(requestFor('', { labels }))
    if (message === undefined) continue
    assert.ok(answer === 'config' || answer === 'too_large', answer)
    assert.match(driver.swarm.report().troubles.at(-1)?.error ?? '', message)
  }
  await ask(requestFor('', { labels: { 'locket.secret': 'memory://a', 'com.docker.x': '1', team: 'x' } }))
  assertNoSecret(JSON.stringify(world.log.lines), [CANARY])
})

test('the status says for each secret how often it was given, and why it was not', async (t) => {
  const { driver, ask } = await openSwarm(t, [
    { effect: 'allow', secrets: ['*'] },
    { effect: 'deny', services: ['other'] },
  ])
  assert.equal(daemonReport(driver).swarm, undefined)
  await ask(requestFor('memory://a', { service: 'other', task: 'other.1.x' }))
  await ask(requestFor('memory://none', { secret: 'gone', task: 'shop.1.y' }))
  const text = statusText(daemonReport(driver), { paint: (_, word) => word })
  assert.match(text, /^db_password +0 +- +1 trouble$/m)
  assert.match(
    text,
    /^ {2}other\.1\.x: a rule of \[\[swarm\.rules\]\] denies service other to read db_password/m,
  )
  assert.match(text, /^gone +0 +- +1 trouble$/m)
  assert.match(text, /^ {2}shop\.1\.y: .*no secret memory:\/\/none.*\(1 time, last 0s ago\)$/m)
})

test('requests are counted by their result', async (t) => {
  const { world, driver, ask } = await openSwarm(t)
  await ask(requestFor('memory://a'))
  await ask(requestFor('memory://a'))
  for (const _ of [1, 2, 3]) await ask(requestFor('memory://none'))
  const counts = createCounts()
  const names = { 'swarm.delivered': 'swarm.delivered', 'swarm.refused': 'swarm.refused' } as const
  assert.deepEqual(
    world.log.lines.filter(({ event }) => event in names).map(({ event }) => event),
    ['swarm.delivered', 'swarm.delivered', 'swarm.refused', 'swarm.refused', 'swarm.refused'],
  )
  const facts = { secret: 's', service: 'x', task: 't' }
  counts.hear({ name: 'swarm.delivered', facts: { ...facts, from: 'memory', ms: 1 } })
  counts.hear({ name: 'swarm.refused', facts: { ...facts, code: 'denied', error: 'e' } })
  counts.hear({ name: 'swarm.refused.again', facts: { ...facts, code: 'denied', error: 'e' } })
  const { text } = await metricsText(driver, counts)
  for (const line of [
    'locket_swarm_requests_total{result="memory"} 1',
    'locket_swarm_requests_total{result="denied"} 2',
    'locket_swarm_request_seconds_count 1',
  ])
    assert.ok(text.includes(line), `${line} is not in ${text}`)
})
