import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createToken } from '../../../src/core/broker/tokens.ts'
import { brokerParts, type BrokerParts } from './broker-parts.ts'

const ADMIN = { actor: 'admin', address: '' }
const MISSING = { project: 'shop', name: 'nothing' }

/** Changes that change nothing. The machine `web1` and the secret `shop/of-web1` are there. */
const VAIN: readonly (readonly [string, (parts: BrokerParts) => Promise<unknown>])[] = [
  [
    'secret.add',
    ({ broker }) =>
      broker.catalog.add(ADMIN, { project: 'shop', name: 'of-web1', reference: 'memory://other' }),
  ],
  ['secret.remove', ({ broker }) => broker.catalog.remove(ADMIN, MISSING)],
  ['grant.add', ({ broker }) => broker.catalog.grant(ADMIN, 'web1', MISSING)],
  ['grant.remove', ({ broker }) => broker.catalog.revoke(ADMIN, 'web1', MISSING)],
  [
    'machine.add',
    ({ broker }) =>
      broker.machines.add(ADMIN, {
        name: 'web1',
        cidrs: [],
        grants: [],
        how: 'enrol',
        needsApproval: false,
        notAfter: undefined,
      }),
  ],
  ['download', ({ broker }) => broker.machines.download(ADMIN, createToken('lb'))],
]

for (const [action, work] of VAIN) {
  test(`${action}: a change that changes nothing has a line that says so, and no other news`, async (t) => {
    const parts = await brokerParts(t)
    await parts.machine('web1')
    await assert.rejects(work(parts), { code: /^(?:usage|not_found)$/ })
    const lines = parts.audited.map((line) => [line.action, line.outcome])
    assert.deepEqual(lines, [
      [action, 'allowed'],
      [action, 'failed'],
    ])
    assert.match(parts.audited[1]?.reason ?? '', /^(?:usage|not_found)$/)
    assert.deepEqual(parts.log.lines, [])
  })
}
