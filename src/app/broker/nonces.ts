import { LocketError } from '../../core/vocabulary/errors.ts'
import type { BrokerPorts } from './ports.ts'

/** Nonces of one machine that are remembered at once. The rate limit keeps usual machines far below it. */
const MOST_NONCES = 8192
const SWEEP_MS = 60_000

/** The use of a nonce. `expires`: the moment after which its request is refused for its age. */
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
 * a restart too, and this process counts them for each machine.
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

  async function sweep(): Promise<void> {
    if (clock.elapsed() - sweptAt < SWEEP_MS) return
    sweptAt = clock.elapsed()
    for (const [machine, own] of known) {
      forgetExpired(own)
      if (own.size === 0) known.delete(machine)
    }
    await store.dropExpired(clock.now())
  }

  return {
    async use({ machine, nonce, expires }) {
      await sweep()
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
