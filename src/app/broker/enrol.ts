import { enrolStatement, serverStatement, type MachineIdentity } from '../../core/broker/identity-file.ts'
import { isSignatureOf, keyFingerprint, rawPublicKey, signBytes, toBase64 } from '../../core/broker/keys.ts'
import { createMeter } from '../../core/broker/meter.ts'
import type { MachineKeys, MachineState } from '../../core/broker/records.ts'
import { tokenHash } from '../../core/broker/tokens.ts'
import { LocketError } from '../../core/vocabulary/errors.ts'
import { machineIdentity } from './machines.ts'
import type { BrokerPorts } from './ports.ts'

/** A machine that brings its key. */
export interface EnrolRequest {
  readonly token: string
  readonly keys: MachineKeys
  /** The signature of `enrolStatement` by the new key. */
  readonly proof: Uint8Array
  readonly address: string
}

/** The result of an enrolment, for the machine. */
export interface EnrolAnswer {
  readonly identity: MachineIdentity
  readonly state: MachineState
  /** The fingerprint of the new key. A person compares it with the one on the host. */
  readonly fingerprint: string
}

/** The facts by which a machine that has only a token learns to trust the broker. */
export interface ServerFacts {
  readonly serverKey: string
  readonly caPem?: string
  /** The broker's signature of `serverStatement`. */
  readonly proof: string
}

/** Tries of one address. A token has 130 bits, so this only keeps the log short. */
const TRIES = { count: 20, perMs: 60_000, most: 10_000 } as const

/** Returns the function that enrols a machine. It rejects with `denied` for a token that is not good. */
export function createEnrol(ports: BrokerPorts): (request: EnrolRequest) => Promise<EnrolAnswer> {
  const { store, clock, audit, emit } = ports
  const tries = createMeter(TRIES)

  return async ({ token, keys, proof, address }) => {
    const waitMs = tries.take(address, clock.elapsed())
    if (waitMs > 0)
      throw new LocketError('rate_limited', 'too many enrolments from this address', { retryAfterMs: waitMs })
    if (!isSignatureOf(keys.signing, enrolStatement(token), proof))
      throw new LocketError('usage', 'the enrolment is not signed by its own key')
    const fingerprint = keyFingerprint(keys.signing)
    const line = { at: clock.now(), actor: 'enrolment', action: 'enrol', address, reason: 'token' } as const
    await audit([{ ...line, target: fingerprint, outcome: 'allowed' }])
    const enrolled = await store.enrol(tokenHash(token), keys, clock.now())
    if (enrolled === undefined) {
      emit('broker.refused', { machine: 'unknown', address, reason: 'its token is not good' })
      throw new LocketError('denied', 'the token is unknown, used or expired')
    }
    emit('broker.changed', { action: 'enrol', target: enrolled.name })
    await store.announce({ kind: 'machine', machine: enrolled.id })
    return { identity: machineIdentity(ports, enrolled), state: enrolled.state, fingerprint }
  }
}

/** Returns the facts of a broker, with the proof that its key vouches for its authority. */
export function serverFacts({ keys }: Pick<BrokerPorts, 'keys'>): ServerFacts {
  return {
    serverKey: toBase64(rawPublicKey(keys.signing)),
    ...(keys.authority === undefined ? {} : { caPem: keys.authority }),
    proof: toBase64(signBytes(keys.signing, serverStatement(keys.authority))),
  }
}
