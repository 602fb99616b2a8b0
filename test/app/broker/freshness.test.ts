import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createChangeList } from '../../../src/app/broker/watching/changes.ts'
import { createFreshness } from '../../../src/app/broker/watching/freshness.ts'
import type { BrokerPorts } from '../../../src/app/broker/ports.ts'
import type { SecretRead } from '../../../src/app/broker/read.ts'
import type { Resolved } from '../../../src/core/vocabulary/resolve.ts'
import { createRef, type SecretRef } from '../../../src/core/vocabulary/ref.ts'
import { Secret } from '../../../src/core/vocabulary/secret.ts'
import { createManualClock } from '../../fakes/manual-clock.ts'

const MINUTE_MS = 60_000
const SIGNAL = new AbortController().signal

/** Two secrets; `facts` are those of the values from then on. */
function setup() {
  const clock = createManualClock()
  const facts: Record<string, Omit<Resolved, 'value'>> = {}
  const values: Record<string, string> = { a: 'one', b: 'two' }
  const asked: string[] = []
  const resolve = async (refs: readonly SecretRef[]) => {
    asked.push(...refs.map(({ key }) => key))
    return new Map(
      refs.map(({ id, key }) => [
        id,
        { ok: true as const, secret: { value: Secret.fromText(values[key] ?? ''), ...facts[key] } },
      ]),
    )
  }
  const changes = createChangeList('epoch')
  const ports = { clock, resolve, expireValues: () => undefined } as unknown as BrokerPorts
  const freshness = createFreshness(ports, changes)
  const read = ['a', 'b'].map((name): SecretRead => ({
    secret: { project: 'shop', name, reference: `memory://${name}`, createdAt: 0 },
    ref: createRef('memory', name, `memory://${name}`),
  }))
  return {
    clock,
    facts,
    values,
    freshness,
    reads: async (machine = 'm_1') => {
      freshness.note(machine, read, await resolve(read.map(({ ref }) => ref)))
      asked.length = 0
    },
    /** A round: the names that were asked for, and those that were announced. */
    round: async () => {
      const from = changes.cursor()
      asked.length = 0
      await freshness.refresh(SIGNAL)
      const told = changes.since(from).map((change) => (change.kind === 'secret' ? change.name : change.kind))
      return { asked: [...asked], told }
    },
  }
}

test('a value that changes is announced once', async () => {
  const { values, reads, round } = setup()
  await reads()
  assert.deepEqual(await round(), { asked: ['a', 'b'], told: [] })
  values['b'] = 'new'
  assert.deepEqual((await round()).told, ['b'])
  assert.deepEqual((await round()).told, [])
})

test('values with a lease, and those that change by themselves, are not asked for by a round', async () => {
  const { clock, facts, values, reads, round } = setup()
  facts['a'] = { expiresAt: clock.now() + MINUTE_MS }
  await reads()
  assert.deepEqual(await round(), { asked: ['b'], told: [] })
  values['a'] = 'issued to another machine'
  await reads('m_2')
  assert.deepEqual(await round(), { asked: ['b'], told: [] })
  facts['b'] = { isFleeting: true }
  await round()
  assert.deepEqual(await round(), { asked: [], told: [] })
})

test('what a machine has read is followed as long as it watches, and an hour longer', async () => {
  const { clock, freshness, reads, round } = setup()
  await reads()
  for (let minutes = 0; minutes < 180; minutes += 30) {
    await clock.advance(30 * MINUTE_MS)
    freshness.keep('m_1')
  }
  assert.deepEqual((await round()).asked, ['a', 'b'])
  await clock.advance(61 * MINUTE_MS)
  freshness.keep('m_2')
  assert.deepEqual((await round()).asked, [])
})
