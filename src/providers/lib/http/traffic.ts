import { isLocketError } from '../../../core/vocabulary/errors.ts'
import type { ErrorCode, LocketError } from '../../../core/vocabulary/errors.ts'
import type { Clock } from '../../../core/ports/clock.ts'
import type { Rate } from '../../../core/waiting/rate.ts'
import type { ProviderStatus } from '../../define.ts'
import { createBreaker } from './breaker.ts'
import { createPool } from './pool.ts'
import { createRateLimit } from './rate-limit.ts'
import { createRequestCount } from './request-count.ts'

interface TrafficOptions {
  /** In messages: the instance, `bao` or `prod-vault`. */
  readonly provider: string
  readonly maxConcurrent: number
  readonly rates: readonly Rate[]
  readonly clock: Clock
}

/** The requests of one provider instance, whoever makes them: how many at once, how many in a time, and whether any. */
export interface Traffic {
  readonly clock: Clock
  /**
   * Runs one request when it may go. Rejects without asking when the breaker is open (`unavailable`) or the rate is used up for long
   * (`rate_limited`). A failure of the server counts towards the breaker; its Retry-After holds all requests.
   */
  run<T>(request: () => Promise<T>, signal: AbortSignal): Promise<T>
  /** Counts requests that a library made by itself, beyond the one that `run` has counted. */
  charge(count: number): void
  status(): ProviderStatus
}

/** They tell nothing of the server. */
const NOT_THE_SERVERS: ReadonlySet<ErrorCode> = new Set([
  'aborted',
  'internal',
  'io',
  'config',
  'credential_missing',
])

export function createTraffic({ provider, maxConcurrent, rates, clock }: TrafficOptions): Traffic {
  const pool = createPool(maxConcurrent)
  const limit = createRateLimit(provider, rates, clock)
  const breaker = createBreaker(clock)
  const count = createRequestCount(clock)

  async function observed<T>(request: () => Promise<T>): Promise<T> {
    breaker.check()
    count.add(1)
    try {
      const answer = await request()
      breaker.succeeded()
      return answer
    } catch (thrown) {
      if (isLocketError(thrown)) noteFailure(thrown)
      else breaker.unknown()
      throw thrown
    }
  }

  function noteFailure(error: LocketError): void {
    if (error.code === 'rate_limited' && error.retryAfterMs !== undefined) limit.hold(error.retryAfterMs)
    if (error.code === 'unavailable' || error.code === 'timeout') breaker.failed(error)
    else if (NOT_THE_SERVERS.has(error.code)) breaker.unknown()
    else breaker.succeeded()
  }

  return {
    clock,
    async run(request, signal) {
      // What is not asked anyway neither waits nor uses anything up.
      breaker.peek()
      return pool.run(async () => {
        breaker.peek()
        await limit.take(signal)
        return observed(request)
      }, signal)
    },
    charge(more) {
      limit.charge(more)
      count.add(more)
    },
    status() {
      const paused = breaker.state()
      const requestsLastHour = count.lastHour()
      return paused === undefined ? { requestsLastHour } : { requestsLastHour, paused }
    },
  }
}
