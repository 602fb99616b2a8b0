import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createBroker } from '../../../src/app/broker/broker.ts'
import { createNonce } from '../../../src/core/broker/tokens.ts'
import { createManualClock } from '../../fakes/manual-clock.ts'
import { brokerParts } from './broker-parts.ts'

const MINUTE_MS = 60_000

test('a request cannot be sent again at a replica whose clock is behind', async (t) => {
  const here = await brokerParts(t)
  const machine = await here.machine('web1')
  const sent = { nonce: createNonce(), created: here.clock.now() }
  await here.ask(machine, sent)
  // This replica is ahead: at each minute it deletes what has expired by its own clock.
  for (let minute = 1; minute <= 5; minute += 1) {
    await here.clock.advance(MINUTE_MS)
    await here.ask(machine)
    await here.store.dropExpired(here.clock.now())
    const behind = createBroker({ ...here.ports, clock: createManualClock(sent.created + MINUTE_MS) })
    t.after(() => behind[Symbol.dispose]())
    const again = here.ask(machine, sent, behind)
    await assert.rejects(again, { code: 'auth', message: /was sent before/ }, `minute ${minute}`)
  }
})

test('a request is refused for its age before its nonce is deleted', async (t) => {
  const parts = await brokerParts(t)
  const { clock, store } = parts
  const web1 = await parts.machine('web1')
  const sent = { nonce: createNonce(), created: clock.now() }
  await parts.ask(web1, sent)
  const use = { machine: web1.id, nonce: sent.nonce, expires: 0 }
  await clock.advance(6 * MINUTE_MS - 1)
  await store.dropExpired(clock.now())
  assert.equal(await store.useNonce(use), false, 'it is still known')
  await clock.advance(1)
  await store.dropExpired(clock.now())
  assert.equal(await store.useNonce(use), true, 'it is deleted six minutes after the request')
  await assert.rejects(parts.ask(web1, sent), { message: /clock of this machine is 360 s behind/ })
})
