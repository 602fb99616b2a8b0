import { LocketError } from '../../../core/vocabulary/errors.ts'
import type { BrokerPorts } from '../ports.ts'

/**
 * Nonces of one machine that are remembered at once. A machine at the usual rate of 20/s has half of them: a
 * nonce is kept for seven minutes at most.
 */
const MOST_NONCES = 16_384
const SWEEP_MS = 60_000

/**
 * The use of a nonce. `expires`: the moment at which the nonce is deleted. Its request must be refused for
 * its age long before.
 */
interface NonceUse {
  readonly machine: string
  readonly nonce: string
  readonly expires: number
}

/** Remembers the nonces of verified requests. */
interface NonceMemory {
  /**
   * Resolves if the nonce is new. Rejects with `auth` if this machine has used it, and with `rate_limited` if
   * the machine has too many that have not expired.
   */
  use(use: NonceUse): Promise<void>
}

/**
 * Returns a memory in two parts: the store knows all nonces, those of other processes and of the time before
 * a restart too, and this process counts them for each machine. `dropExpired` deletes those of the store.
 */
export function createNonceMemory({ store, clock }: Pick<BrokerPorts, 'store' | 'clock'>): NonceMemory {
  /** By machine. The nonces are in the order of their use. */
  const known = new Map<string, Map<string, number>>()
  let sweptAt = clock.elapsed()

  function forgetExpired(own: Map<string, number>): void {
    const now = clock.now()
    for (const [nonce, expires] of own) {
      if (expires > now) break
      own.delete(nonce)
    }
  }

  function sweep(): void {
    if (clock.elapsed() - sweptAt < SWEEP_MS) return
    sweptAt = clock.elapsed()
    for (const [machine, own] of known) {
      forgetExpired(own)
      if (own.size === 0) known.delete(machine)
    }
  }

  return {
    async use({ machine, nonce, expires }) {
      sweep()
      let own = known.get(machine)
      if (own === undefined) known.set(machine, (own = new Map()))
      forgetExpired(own)
      if (own.has(nonce)) throw replayed()
      if (own.size >= MOST_NONCES)
        throw new LocketError('rate_limited', 'this machine has sent too many requests', {
          retryAfterMs: SWEEP_MS,
        })
      own.set(nonce, expires)
      if (!(await store.useNonce({ machine, nonce, expires }))) throw replayed()
    },
  }
}

function replayed(): LocketError {
  return new LocketError('auth', 'this request was sent before')
}
