import type { Clock } from '../../core/ports/clock.ts'
import type { Emit } from '../../core/ports/events.ts'
import type { Caller } from '../../core/vocabulary/caller.ts'
import { formatError, type LocketError } from '../../core/vocabulary/errors.ts'
import type { Around, Clients } from '../access/clients.ts'
import type { Trigger } from '../renewal/renewal.ts'
import { createLeases } from './leases.ts'
import { leaseTrigger } from './trigger.ts'

/** The leases of one command. */
export interface CommandLeases {
  /** Answers with the values of leases that are held. */
  readonly around: Around
  /** True: there are leases to renew and to revoke. */
  isHolding(): boolean
  /**
   * Returns a trigger that renews the leases in time. `demand` is called when one has to be issued anew.
   * Undefined: the values in use cannot be replaced, and it is only reported.
   */
  trigger(demand: (() => void) | undefined): Trigger
  /** Revokes all leases, in at most 5 s. Never rejects. */
  end(): Promise<void>
}

/** Makes the leases of a command: none at first. */
export function createCommandLeases(
  caller: Caller,
  ports: {
    readonly clients: Pick<Clients, 'leasesOf' | 'release'>
    readonly clock: Clock
    readonly emit: Emit
  },
): CommandLeases {
  const { clock, emit } = ports
  const leases = createLeases({ ...ports, store: undefined })
  const holder = leases.holderOf(caller)
  let isReported = false

  function report(): void {
    if (!isReported) emit('lease.ending', { holder: caller.name })
    isReported = true
  }

  return {
    around: (instance, next) => async (refs, signal) => {
      const session = holder.open()
      try {
        const outcomes = await session.around(instance, next)(refs, signal)
        // A command may ask for some of its values only.
        session.delivered(false)
        return outcomes
      } finally {
        session.dropped()
      }
    },
    isHolding: () => holder.isHolding(),
    trigger(demand) {
      const failed = (error: LocketError) =>
        emit('lease.renewal.postponed', {
          holder: caller.name,
          code: error.code,
          error: formatError(error),
        })
      const own = leaseTrigger({ holder, clock, failed })
      return () => own(demand ?? report)
    },
    async end() {
      leases.release(caller, [])
      await leases.close()
    },
  }
}
