import { createSealingKey, rawPublicKey, sharedSecret, type Key } from '../../core/broker/keys.ts'
import { sealAnswer } from '../../core/broker/sealed/seal.ts'
import type { Clock } from '../../core/ports/clock.ts'
import type { Authenticated } from './authenticate.ts'

/** Milliseconds until the broker's key of the moment is replaced: older answers then stay closed for good. */
const RENEW_MS = 3_600_000
const MOST_MACHINES = 10_000

/** Returns the function that encrypts an answer for the machine that asked. */
export function createSealer(clock: Clock): (by: Authenticated, body: Uint8Array) => Uint8Array {
  let own: { readonly key: Key; readonly public: Uint8Array; readonly until: number } | undefined
  /** The shared secrets by the id of the machine, with the key for which they are. */
  const shared = new Map<string, { readonly machine: Uint8Array; readonly secret: Uint8Array }>()

  function forgetAll(): void {
    for (const { secret } of shared.values()) secret.fill(0)
    shared.clear()
  }

  function keyNow(): { readonly key: Key; readonly public: Uint8Array } {
    if (own === undefined || clock.elapsed() >= own.until) {
      forgetAll()
      const key = createSealingKey()
      own = { key, public: rawPublicKey(key), until: clock.elapsed() + RENEW_MS }
    }
    return own
  }

  return ({ machine: { id, keys }, requestSignature }, body) => {
    const { key, public: server } = keyNow()
    const machine = keys.sealing
    let known = shared.get(id)
    if (known === undefined || !known.machine.every((byte, at) => byte === machine[at])) {
      if (shared.size >= MOST_MACHINES) forgetAll()
      known = { machine, secret: sharedSecret(key, machine) }
      shared.set(id, known)
    }
    return sealAnswer(body, { server, machine, shared: known.secret }, requestSignature)
  }
}
