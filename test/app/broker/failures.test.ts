import assert from 'node:assert/strict'
import { test } from 'node:test'
import { enrolStatement } from '../../../src/core/broker/identity-file.ts'
import { createSigningKey, rawPublicKey, sealingKeyOf, signBytes } from '../../../src/core/broker/keys.ts'
import { createToken, tokenHash } from '../../../src/core/broker/tokens.ts'
import { machine as machineRecord } from '../../contract/broker/broker-store-contract.ts'
import { brokerParts, type BrokerParts } from './broker-parts.ts'

const ADDRESSES = ['', '10.0.0.1'] as const

for (const address of ADDRESSES) {
  test(`refused requests of ${address || 'a Unix socket'} do not lock a machine out`, async (t) => {
    const parts = await brokerParts(t)
    const [web1, web2] = [await parts.machine('web1'), await parts.machine('web2')]
    const codes = new Map<string, number>()
    for (let count = 0; count < 100; count += 1)
      await parts.ask(web1, { key: createSigningKey(), address }).catch(({ code }: { code: string }) => {
        codes.set(code, (codes.get(code) ?? 0) + 1)
      })
    assert.deepEqual(Object.fromEntries(codes), { auth: 60, rate_limited: 40 })
    assert.equal(parts.audited.length, 60, 'a flood does not fill the audit')
    for (const right of [web1, web2]) assert.equal((await parts.ask(right, { address })).machine.id, right.id)
  })
}

test('on a Unix socket the refused requests of one machine do not hide those of another', async (t) => {
  const parts = await brokerParts(t)
  const [web1, web2] = [await parts.machine('web1'), await parts.machine('web2')]
  const wrong = { key: createSigningKey(), address: '' }
  for (let count = 0; count < 61; count += 1) await parts.ask(web1, wrong).catch(() => undefined)
  await assert.rejects(parts.ask(web1, wrong), { code: 'rate_limited' })
  await assert.rejects(parts.ask(web2, wrong), { code: 'auth' })
  assert.equal(parts.audited.at(-1)?.target, 'web2')
})

/** Adds an invited machine, and returns its token. */
async function invite({ store, clock }: BrokerParts, name: string): Promise<string> {
  const token = createToken('le')
  const { keys: _, ...invited } = machineRecord(name, { state: 'invited' })
  const invitation = { hash: tokenHash(token), expires: clock.now() + 60_000, needsApproval: false }
  await store.addMachine({ machine: invited, grants: [], invitation })
  return token
}

async function enrol({ broker }: BrokerParts, token: string, address: string): Promise<string> {
  const key = createSigningKey()
  const keys = { signing: rawPublicKey(key), sealing: rawPublicKey(sealingKeyOf(key)) }
  const proof = signBytes(key, enrolStatement(token))
  return (await broker.enrol({ token, keys, proof, address })).state
}

test('bad tokens on a Unix socket do not keep a machine from its enrolment', async (t) => {
  const parts = await brokerParts(t)
  const token = await invite(parts, 'web1')
  for (let count = 0; count < 30; count += 1)
    await assert.rejects(enrol(parts, createToken('le'), ''), { code: 'denied' })
  assert.equal(parts.audited.length, 20, 'a flood does not fill the audit')
  assert.equal(await enrol(parts, token, ''), 'enabled')
})

test('an address with many bad tokens has to wait, and many good ones do not count', async (t) => {
  const parts = await brokerParts(t)
  for (let count = 0; count < 30; count += 1)
    assert.equal(await enrol(parts, await invite(parts, `web${count}-`), '10.0.0.1'), 'enabled')
  for (let count = 0; count < 20; count += 1)
    await assert.rejects(enrol(parts, createToken('le'), '10.0.0.1'), { code: 'denied' })
  await assert.rejects(enrol(parts, createToken('le'), '10.0.0.1'), { code: 'rate_limited' })
})

test('the line of an enrolment has its true outcome', async (t) => {
  const parts = await brokerParts(t)
  const token = await invite(parts, 'web1')
  await enrol(parts, token, '10.0.0.1')
  await assert.rejects(enrol(parts, token, '10.0.0.1'), { code: 'denied' })
  assert.deepEqual(
    parts.audited.map(({ action, outcome, reason }) => [action, outcome, reason]),
    [
      ['enrol', 'allowed', 'token'],
      ['enrol', 'denied', 'its token is not good'],
    ],
  )
})

test('an enrolment that cannot be recorded does not use its token up', async (t) => {
  const disk = { isFull: true }
  const parts = await brokerParts(t, {
    audit: async () => {
      if (disk.isFull) throw new Error('the disk is full')
    },
  })
  const token = await invite(parts, 'web1')
  await assert.rejects(enrol(parts, token, '10.0.0.1'), /the disk is full/)
  assert.equal((await parts.store.machineNamed('web1'))?.state, 'invited')
  disk.isFull = false
  assert.equal(await enrol(parts, token, '10.0.0.1'), 'enabled')
})
