import { enrolStatement, serverStatement, type MachineIdentity } from '../../core/broker/identity-file.ts'
import { isSignatureOf, keyFingerprint, rawPublicKey, signBytes, toBase64 } from '../../core/broker/keys.ts'
import { createMeter } from '../../core/waiting/meter.ts'
import type { MachineKeys, MachineState } from '../../core/broker/records.ts'
import type { AuditEntry } from '../../core/broker/seams.ts'
import { tokenHash } from '../../core/broker/tokens.ts'
import { LocketError } from '../../core/vocabulary/errors.ts'
import { machineIdentity } from './machines.ts'
import type { BrokerPorts } from './ports.ts'

/** A machine that brings its key. */
export interface EnrolRequest {
  readonly token: string
  readonly keys: MachineKeys
  /** The signature of `enrolStatement` by the new key. Left out: the protocol of the machine has none. */
  readonly proof?: Uint8Array
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

/** Failed enrolments of one address. A token has 130 bits, so this only keeps the log short. */
const FAILURES = { count: 20, perMs: 60_000, most: 10_000 } as const

/**
 * Returns the function that enrols a machine. It rejects with `denied` for a token that is not good, and with
 * `rate_limited` for an address with too many of them. Everybody on a Unix socket has the same address: there
 * nobody is refused because of others.
 */
export function createEnrol(ports: BrokerPorts): (request: EnrolRequest) => Promise<EnrolAnswer> {
  const { store, clock, emit } = ports
  const failures = createMeter(FAILURES)

  /** Stores the line of an enrolment. */
  async function record(
    { address }: EnrolRequest,
    line: Pick<AuditEntry, 'target' | 'machine' | 'outcome' | 'reason'>,
  ): Promise<void> {
    await ports.audit([{ at: clock.now(), actor: 'enrolment', action: 'enrol', address, ...line }])
  }

  /** Records a token that is not good, unless its sender has too many of them. */
  async function recordBadToken(request: EnrolRequest, target: string): Promise<void> {
    const { address } = request
    if (failures.take(address, clock.elapsed()) > 0) return
    const reason = 'its token is not good'
    emit('broker.refused', { machine: 'unknown', address, reason })
    await record(request, { target, outcome: 'denied', reason })
  }

  return async (request) => {
    const { token, keys, proof, address } = request
    const waitMs = address === '' ? 0 : failures.peek(address, clock.elapsed())
    if (waitMs > 0)
      throw new LocketError('rate_limited', 'too many enrolments from this address were refused', {
        retryAfterMs: waitMs,
      })
    if (proof !== undefined && !isSignatureOf(keys.signing, enrolStatement(token), proof))
      throw new LocketError('usage', 'the enrolment is not signed by its own key')
    const fingerprint = keyFingerprint(keys.signing)
    const [hash, now] = [tokenHash(token), clock.now()]
    const machine = await store.ticketOf(hash, now)
    // The line is stored before the key is: a machine with a key has a line.
    if (machine !== undefined)
      await record(request, { target: fingerprint, machine, outcome: 'allowed', reason: 'token' })
    const enrolled = machine === undefined ? undefined : await store.enrol(hash, keys, now)
    if (enrolled === undefined) {
      await recordBadToken(request, fingerprint)
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
