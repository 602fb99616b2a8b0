import { networkOf } from '../../core/broker/addresses.ts'
import { createMeter } from '../../core/waiting/meter.ts'
import { LocketError, type ErrorCode } from '../../core/vocabulary/errors.ts'
import type { BrokerPorts } from '../broker/ports.ts'

/** A request that gets no value. */
interface Refusal {
  readonly address: string
  readonly code: ErrorCode
  readonly reason: string
  /** The name of the client in the audit. Left out: it is not known who has asked. */
  readonly machine?: string
  readonly retryAfterMs?: number
}

/** Refuses requests of grackleclub's protocol. */
export interface Refusals {
  /** Throws `rate_limited` for an address with too many refusals. Call it before anything that costs time. */
  admit(address: string): void
  /**
   * Logs and audits a refusal, and resolves with the error to throw. Above the rate of refusals nothing is
   * recorded, and the error is `rate_limited`.
   */
  refuse(refusal: Refusal): Promise<LocketError>
}

/**
 * Refused requests of one address. Each costs a decryption and a verification for each registered key, so an
 * address with more of them has to wait, with all programs that share it.
 */
const REFUSED = { count: 60, perMs: 60_000, most: 10_000 } as const

/** Returns the refusals of a server. */
export function createGrackleRefusals({
  clock,
  audit,
  emit,
}: Pick<BrokerPorts, 'clock' | 'audit' | 'emit'>): Refusals {
  const meter = createMeter(REFUSED)
  return {
    admit(address) {
      const waitMs = meter.peek(networkOf(address), clock.elapsed())
      if (waitMs > 0) throw tooMany(waitMs)
    },
    async refuse({ address, code, reason, machine, retryAfterMs }) {
      const waitMs = meter.take(networkOf(address), clock.elapsed())
      if (waitMs > 0) return tooMany(waitMs)
      const about = machine === undefined ? {} : { machine }
      emit('grackle.refused', { address, reason, machine: machine ?? 'unknown' })
      const actor = machine === undefined ? 'grackle' : `machine ${machine}`
      const line = { actor, action: 'authenticate', target: '/locket', address, outcome: 'denied' } as const
      await audit([{ ...line, ...about, at: clock.now(), reason }])
      return new LocketError(code, reason, { retryAfterMs })
    },
  }
}

function tooMany(retryAfterMs: number): LocketError {
  return new LocketError('rate_limited', 'too many requests from this address were refused', { retryAfterMs })
}
