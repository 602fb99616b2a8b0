import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createBroker } from '../../../src/app/broker/broker.ts'
import { workloadStatement } from '../../../src/core/broker/identity-file.ts'
import {
  createSigningKey,
  rawPublicKey,
  sealingKeyOf,
  signBytes,
  toBase64,
} from '../../../src/core/broker/keys.ts'
import type { VerifyToken } from '../../../src/core/broker/seams.ts'
import { LocketError } from '../../../src/core/vocabulary/errors.ts'
import { brokerParts, type BrokerParts } from './broker-parts.ts'

const ADMIN = { actor: 'admin', address: '' }
const TOKEN = 'a.b.c'

/** The parts of a broker whose issuer `ci` accepts every token, or answers as `verify` says. */
function workloadsOf(parts: Pick<BrokerParts, 'ports' | 'clock'>, verify?: VerifyToken) {
  const good: VerifyToken = async () => ({
    claims: { sub: 'x' },
    subject: 'x',
    expires: parts.clock.now() + 3_600_000,
  })
  return { ...parts.ports.workloads, issuers: ['ci'], verify: verify ?? good }
}

/** Returns the login of a machine with a new key, and the key. */
function loginOf(machine: string) {
  const key = createSigningKey()
  const keys = { signing: rawPublicKey(key), sealing: rawPublicKey(sealingKeyOf(key)) }
  const statement = workloadStatement(TOKEN, { machine, sealing: toBase64(keys.sealing) })
  return {
    key,
    request: { machine, token: TOKEN, keys, proof: signBytes(key, statement), address: '10.0.0.1' },
  }
}

const ORDER = { name: 'deploy', grants: [], cidrs: [], workload: { issuer: 'ci', claims: { sub: 'x' } } }

test('a session ends with its issuer, when the configuration has it no more', async (t) => {
  const parts = await brokerParts(t)
  const before = createBroker({ ...parts.ports, workloads: workloadsOf(parts) })
  const after = createBroker({ ...parts.ports, workloads: { ...workloadsOf(parts), issuers: ['other'] } })
  t.after(() => [before, after].forEach((one) => one[Symbol.dispose]()))
  const { machine } = await before.workloads.add(ADMIN, ORDER)
  const { key, request } = loginOf(machine.id)
  const { id } = await before.workloads.login(request)
  assert.equal((await parts.ask({ id, key }, {}, before)).machine.id, machine.id)
  await assert.rejects(parts.ask({ id, key }, {}, after), { code: 'auth' })
  assert.match(parts.audited.at(-1)?.reason ?? '', /no issuer ci/)
  assert.equal((await parts.ask({ id, key }, {}, before)).machine.id, machine.id, 'it is there again')
})

test('an issuer that gives no keys is in the log once, however often somebody asks', async (t) => {
  const parts = await brokerParts(t)
  let isDown = true
  const broker = createBroker({
    ...parts.ports,
    workloads: workloadsOf(parts, async () => {
      if (isDown) throw new LocketError('unavailable', 'there are no keys from https://ci.example: down')
      return { claims: { sub: 'x' }, subject: 'x', expires: parts.clock.now() + 1000 }
    }),
  })
  t.after(() => broker[Symbol.dispose]())
  const { machine } = await broker.workloads.add(ADMIN, ORDER)
  const troubles = () => parts.log.lines.filter(({ event }) => event === 'broker.trouble').length
  for (let tries = 0; tries < 100; tries += 1)
    await assert.rejects(broker.workloads.login(loginOf(machine.id).request), { code: 'unavailable' })
  assert.equal(troubles(), 1)
  isDown = false
  await broker.workloads.login(loginOf(machine.id).request)
  isDown = true
  await assert.rejects(broker.workloads.login(loginOf(machine.id).request), { code: 'unavailable' })
  assert.equal(troubles(), 2, 'it is a new failure')
})
