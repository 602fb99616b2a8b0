import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createBackOff } from './back-off.ts'

function assertBetween(value: number, least: number, most: number): void {
  assert.ok(value >= least && value <= most, `${value} is not within ${least} and ${most}`)
}

test('pauses double up to the longest, less at most a quarter, and begin anew after a reset', () => {
  const backOff = createBackOff(5000, 60_000)
  for (const bound of [5000, 10_000, 20_000, 40_000, 60_000, 60_000])
    assertBetween(backOff.next(), 0.75 * bound, bound)
  backOff.reset()
  assertBetween(backOff.next(), 3750, 5000)
  assertBetween(backOff.longest(), 45_000, 60_000)
})

test('a pause is never shorter than the provider asks for', () => {
  assert.equal(createBackOff(5000, 60_000).next(90_000), 90_000)
})

test('pauses of several clients differ', () => {
  const pauses = Array.from({ length: 20 }, () => createBackOff(5000, 60_000).next())
  assert.ok(new Set(pauses).size > 1)
})
