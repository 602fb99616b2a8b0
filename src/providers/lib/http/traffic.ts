import { isLocketError } from '../../../core/vocabulary/errors.ts'
import type { ErrorCode, LocketError } from '../../../core/vocabulary/errors.ts'
import type { Clock } from '../../../core/ports/clock.ts'
import { isPatient, keepPatience } from '../../../core/waiting/patience.ts'
import { createPatientQueue } from '../../../core/waiting/patient-queue.ts'
import type { Rate } from '../../../core/waiting/rate.ts'
import type { ProviderStatus } from '../../define.ts'
import { createBreaker } from './breaker.ts'
import { createPool } from './pool.ts'
import { createRateLimit, LONGEST_WAIT_MS } from './rate-limit.ts'
import { createRequestCount } from './request-count.ts'
import { OVER } from '../../../core/waiting/over.ts'

interface TrafficOptions {
  /** The name of the instance, for messages: `bao` or `prod-vault`. */
  readonly provider: string
  readonly maxConcurrent: number
  readonly rates: readonly Rate[]
  /** Further rates that limit patient requests only. */
  readonly patientRates?: readonly Rate[]
  readonly clock: Clock
}

/**
 * The gate for all requests of one provider instance. It limits how many run at once and how many go in a
 * time, and stops all of them while the server is failing.
 */
export interface Traffic {
  readonly clock: Clock
  /**
   * Runs one request when it may go. Rejects without asking if the breaker is open (`unavailable`), or if the
   * rate is used up for more than a minute (`rate_limited`). A failure of the server counts for the breaker.
   * A Retry-After of the server holds all requests; if it is longer than a minute, a single request goes
   * first afterwards.
   *
   * A patient request (see `bePatient`) waits behind all others, however long that takes. It leaves half of
   * the rate and of the places to them. Its own time begins when it goes. The request gets the signal to
   * obey.
   */
  run<T>(request: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T>
  /** Counts requests that a library made by itself, beyond the one that `run` has counted. */
  charge(count: number): void
  status(): ProviderStatus
}

/** The codes of errors that say nothing about the server. */
const NOT_THE_SERVERS: ReadonlySet<ErrorCode> = new Set([
  'aborted',
  'internal',
  'io',
  'config',
  'credential_missing',
])

/** Milliseconds for one patient request. Other requests have the deadline of their caller. */
const PATIENT_REQUEST_MS = 25_000

/** Makes the gate of one instance. */
export function createTraffic(options: TrafficOptions): Traffic {
  const { provider, maxConcurrent, rates, patientRates, clock } = options
  const pool = createPool(maxConcurrent, () => patient.look())
  const limit = createRateLimit(provider, rates, clock, patientRates)
  const breaker = createBreaker(clock)
  const count = createRequestCount(clock)
  const patientPlaces = Math.max(1, Math.floor(maxConcurrent / 2))
  let patientRunning = 0
  const patient = createPatientQueue(clock, () =>
    patientRunning < patientPlaces && pool.hasRoom() ? limit.patientWaitMs() : undefined,
  )

  function runNext<T>(request: Request<T>, signal: AbortSignal): Promise<T> {
    return pool.run(async () => {
      breaker.peek()
      await limit.take(signal)
      return observed(request, signal)
    }, signal)
  }

  async function runPatiently<T>(request: Request<T>, signal: AbortSignal): Promise<T> {
    breaker.peek()
    limit.charge(1)
    patientRunning += 1
    try {
      return await pool.run(() => observed((limited) => withinTime(request, limited), signal), signal)
    } finally {
      patientRunning -= 1
      patient.look()
    }
  }

  async function withinTime<T>(request: Request<T>, signal: AbortSignal): Promise<T> {
    const [over, late] = [new AbortController(), new AbortController()]
    const expire = () => late.abort(new DOMException('the request took too long', 'TimeoutError'))
    clock.sleep(PATIENT_REQUEST_MS, over.signal).then(expire, () => undefined)
    try {
      return await request(keepPatience(signal, AbortSignal.any([signal, late.signal])))
    } finally {
      over.abort(OVER)
    }
  }

  async function observed<T>(request: Request<T>, signal: AbortSignal): Promise<T> {
    breaker.check()
    count.add(1)
    try {
      const answer = await request(signal)
      breaker.succeeded()
      return answer
    } catch (thrown) {
      if (isLocketError(thrown)) noteFailure(thrown)
      else breaker.unknown()
      throw thrown
    }
  }

  function noteFailure(error: LocketError): void {
    const pauseMs = error.code === 'rate_limited' ? error.retryAfterMs : undefined
    // No caller waits that long in the queue. After the pause one request asks whether it is over.
    if (pauseMs !== undefined && pauseMs > LONGEST_WAIT_MS) return breaker.hold(error, pauseMs)
    if (pauseMs !== undefined) limit.hold(pauseMs)
    if (error.code === 'unavailable' || error.code === 'timeout') breaker.failed(error)
    else if (NOT_THE_SERVERS.has(error.code)) breaker.unknown()
    else breaker.succeeded()
  }

  return {
    clock,
    async run(request, signal) {
      // A request that cannot go must neither wait for a place nor use up the rate.
      breaker.peek()
      if (!isPatient(signal)) return runNext(request, signal)
      return patient.run(
        { go: () => runPatiently(request, signal), hurry: () => runNext(request, signal) },
        signal,
      )
    },
    charge(more) {
      limit.charge(more)
      count.add(more)
    },
    status() {
      const paused = breaker.state()
      const waiting = patient.size()
      return {
        requestsLastHour: count.lastHour(),
        requests: count.total(),
        limits: limit.left(),
        failures: breaker.failures(),
        ...(paused === undefined ? {} : { paused }),
        ...(waiting === 0 ? {} : { waiting }),
      }
    },
  }
}

type Request<T> = (signal: AbortSignal) => Promise<T>
