import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createStrangers } from '../../../src/app/broker/admission/strangers.ts'
import { networkOf } from '../../../src/core/broker/addresses.ts'
import { createManualClock } from '../../fakes/manual-clock.ts'

test('an address with too many unproven requests is not admitted, and others are', async () => {
  const clock = createManualClock()
  const strangers = createStrangers(clock)
  for (let count = 0; count < 400; count += 1) {
    strangers.admit('10.0.0.1')
    strangers.note('10.0.0.1')
  }
  assert.throws(() => strangers.admit('10.0.0.1'), { code: 'rate_limited', retryAfterMs: 5 })
  strangers.admit('10.0.0.2')
  await clock.advance(5)
  strangers.admit('10.0.0.1')
  for (let count = 0; count < 1000; count += 1) strangers.note('')
  strangers.admit('')
})

test('one sender is one IPv4 address, or 64 bits of IPv6', () => {
  const rows = [
    ['10.0.0.1', '10.0.0.1'],
    ['::ffff:10.0.0.1', '10.0.0.1'],
    ['2001:db8:0:1::1', '2001:db8:0:1'],
    ['2001:DB8::1:2:3:4:5', '2001:db8:0:1'],
    ['2001:db8:0:1:5:6:7:8', '2001:db8:0:1'],
    ['::1', '0:0:0:0'],
    ['fe80::1', 'fe80:0:0:0'],
  ] as const
  for (const [address, network] of rows) assert.equal(networkOf(address), network, address)
})
