import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createStretches, waitingLimit, type RefreshLimit } from './stretch.ts'
import { PROVIDERS } from '../../providers/index.ts'

const OP: RefreshLimit = { provider: 'op', setting: 'op-max-rate' }

function setup() {
  const events: string[] = []
  const stretches = createStretches({
    began: ({ provider }) => events.push(`${provider} began`),
    ended: ({ provider }) => events.push(`${provider} ended`),
  })
  return { events, stretches }
}

/** A refresh that ends when the test says so. */
function slow() {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { work: () => promise, end: resolve }
}

test('a refresh that lasts longer than its interval stretches it, and one in time ends that', async () => {
  const { events, stretches } = setup()
  using pace = stretches.join(60_000, () => OP)
  assert.equal(pace.tick(), true)
  const first = slow()
  const running = pace.run(first.work)
  assert.deepEqual([pace.tick(), pace.tick(), pace.tick()], [false, false, false])
  assert.deepEqual(pace.stretched(), { toMs: 240_000, by: OP })
  first.end()
  await running
  assert.equal(pace.tick(), true)
  assert.deepEqual(pace.stretched(), { toMs: 240_000, by: OP })
  await pace.run(async () => undefined)
  assert.equal(pace.tick(), true)
  assert.equal(pace.stretched(), undefined)
  assert.deepEqual(events, ['op began', 'op ended'])
})

test('a limit is reported once for all volumes, and its end when the last one is in time or gone', async () => {
  const { events, stretches } = setup()
  const paces = Array.from({ length: 3 }, () => stretches.join(60_000, () => OP))
  const work = slow()
  const running = paces.map(async (pace) => {
    assert.equal(pace.tick(), true)
    await pace.run(work.work)
  })
  for (const pace of paces) pace.tick()
  work.end()
  await Promise.all(running)
  const [one, two, three] = paces
  for (const pace of [one, two]) for (let ticks = 0; ticks < 2; ticks += 1) pace?.tick()
  assert.deepEqual(events, ['op began'])
  three?.[Symbol.dispose]()
  assert.deepEqual(events, ['op began', 'op ended'])
})

test('a slow provider stretches the interval too, without a limit that could be raised', async () => {
  const { events, stretches } = setup()
  using pace = stretches.join(5000, () => undefined)
  const work = slow()
  pace.tick()
  const running = pace.run(work.work)
  pace.tick()
  assert.deepEqual([pace.stretched(), events], [{ toMs: 10_000, by: undefined }, []])
  work.end()
  await running
})

test('the limit has the name of the setting, and of the instance if that has another name', () => {
  const def = PROVIDERS.find(({ kind }) => kind === 'bao')
  assert.ok(def)
  const rate = { name: 'bao', def, settings: { maxRate: [{ count: 1, perMs: 1000, text: '1/s' }] } }
  const waiting = { waiting: 4 }
  assert.deepEqual(waitingLimit([rate], new Map([['bao', waiting]])), {
    provider: 'bao',
    setting: 'bao-max-rate',
  })
  const named = { name: 'prod', def, settings: { maxRate: [] } }
  assert.deepEqual(waitingLimit([named], new Map([['prod', waiting]])), {
    provider: 'prod',
    setting: 'bao-max-concurrent of prod',
  })
  assert.equal(waitingLimit([rate], new Map([['bao', {}]])), undefined)
})
