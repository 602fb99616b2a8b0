import type { Clock } from '../../core/ports/clock.ts'
import type { Emit } from '../../core/ports/events.ts'
import { formatError, type ErrorCode, type LocketError } from '../../core/vocabulary/errors.ts'
import type { SecretRequest } from '../../core/volume/swarm/secret-request.ts'

/** Why tasks did not get a Swarm secret. Times in milliseconds since the epoch. */
export interface SwarmTrouble {
  readonly secret: string
  /** The task and the service that asked last. */
  readonly task: string
  readonly service: string
  readonly code: ErrorCode
  readonly error: string
  readonly since: number
  readonly last: number
  readonly count: number
}

/** The troubles that are not over. */
interface SwarmTroubles {
  /** Notes a refusal. True: it was reported in the log, because it is a new one or an old one goes on. */
  note(request: SecretRequest, error: LocketError): boolean
  /** Notes that the task got an old value, because the provider is out of reach. */
  noteStale(request: SecretRequest, error: LocketError, askedAt: number): void
  /** Notes that a task of this service got the secret. */
  end(request: SecretRequest): void
  list(): readonly SwarmTrouble[]
}

/** Milliseconds after which a trouble that goes on is reported again. Swarm tries every five seconds. */
const REMIND_MS = 3_600_000
/** Milliseconds after which a trouble that nobody has had again is over: its service may be gone. */
const OVER_MS = 3_600_000
const MOST_TROUBLES = 500

/** Makes a list without troubles. */
export function createSwarmTroubles(clock: Clock, emit: Emit): SwarmTroubles {
  const known = new Map<string, { trouble: SwarmTrouble; reportedAt: number }>()

  /** Returns true when it has to be reported. */
  function add(key: string, trouble: Omit<SwarmTrouble, 'since' | 'last' | 'count'>): boolean {
    const before = known.get(key)
    const now = clock.now()
    const isReported = before === undefined || now - before.reportedAt > REMIND_MS
    const count = (before?.trouble.count ?? 0) + 1
    const since = before?.trouble.since ?? now
    known.set(key, {
      trouble: { ...trouble, since, last: now, count },
      reportedAt: isReported ? now : before.reportedAt,
    })
    forgetOld()
    return isReported
  }

  function forgetOld(): void {
    for (const [key, { trouble }] of known)
      if (clock.now() - trouble.last > OVER_MS || known.size > MOST_TROUBLES) known.delete(key)
  }

  return {
    note({ secret, task, service }, error) {
      const { code } = error
      const text = formatError(error)
      const isReported = add(`${secret}\0${code}\0${text}`, { secret, task, service, code, error: text })
      const name = isReported ? 'swarm.refused' : 'swarm.refused.again'
      emit(name, { secret, task, service, code, error: text })
      return isReported
    },
    noteStale({ secret, task, service }, error, askedAt) {
      const { code } = error
      const text = formatError(error)
      const since = new Date(askedAt).toISOString()
      if (
        add(`${secret}\0stale`, {
          secret,
          task,
          service,
          code,
          error: `given from memory, as of ${since}: ${text}`,
        })
      )
        emit('swarm.stale', { secret, since, error: text })
    },
    end({ secret, service }) {
      for (const [key, { trouble }] of known) {
        if (trouble.secret !== secret) continue
        // The rules may deny to one service a secret that they allow to another one.
        if (trouble.code === 'denied' && trouble.service !== service) continue
        known.delete(key)
      }
    },
    list() {
      forgetOld()
      return [...known.values()].map(({ trouble }) => trouble)
    },
  }
}
