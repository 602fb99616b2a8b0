import { giveOrTake } from '../../core/waiting/back-off.ts'

/** The part of a lease after which its values are asked for again. */
const SHARE = 2 / 3

/**
 * Returns the time from which on a refresh asks again for values that expire: each question issues them anew,
 * so it asks when two thirds of their time are over, give or take a tenth. All times are in milliseconds
 * since the epoch. Undefined: nothing expires.
 */
export function leasedUntil(expiresAt: number | undefined, now: number): number | undefined {
  return expiresAt === undefined ? undefined : now + giveOrTake(Math.floor((expiresAt - now) * SHARE))
}
