import { enrolStatement, serverStatement, type MachineIdentity } from '../../core/broker/identity-file.ts'
import { isSignatureOf, keyFingerprint, rawPublicKey, signBytes, toBase64 } from '../../core/broker/keys.ts'
import { createMeter } from '../../core/broker/meter.ts'
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
    { target, outcome, reason }: Pick<AuditEntry, 'target' | 'outcome' | 'reason'>,
  ): Promise<void> {
    const at = clock.now()
    await ports.audit([{ at, actor: 'enrolment', action: 'enrol', target, address, outcome, reason }])
  }

  /** Records a token that is not good, unless its sender has too many of them. */
  async function recordBadToken(request: EnrolRequest, target: string): Promise<void> {
    const { address } = request
    if (failures.take(address, clock.elapsed()) > 0) return
    emit('broker.refused', { machine: 'unknown', address, reason: 'its token is not good' })
    await record(request, { target, outcome: 'denied', reason: 'its token is not good' })
  }

  /** Records a machine that has its keys now. It is disabled if that fails: each enrolment has a line. */
  async function recordEnrolled(request: EnrolRequest, target: string, machine: string): Promise<void> {
    try {
      await record(request, { target, outcome: 'allowed', reason: 'token' })
    } catch (thrown) {
      await store.setMachineState(machine, 'disabled')
      throw thrown
    }
  }

  return async (request) => {
    const { token, keys, proof, address } = request
    const waitMs = address === '' ? 0 : failures.peek(address, clock.elapsed())
    if (waitMs > 0)
      throw new LocketError('rate_limited', 'too many enrolments from this address were refused', {
        retryAfterMs: waitMs,
      })
    if (!isSignatureOf(keys.signing, enrolStatement(token), proof))
      throw new LocketError('usage', 'the enrolment is not signed by its own key')
    const fingerprint = keyFingerprint(keys.signing)
    const enrolled = await store.enrol(tokenHash(token), keys, clock.now())
    if (enrolled === undefined) {
      await recordBadToken(request, fingerprint)
      throw new LocketError('denied', 'the token is unknown, used or expired')
    }
    await recordEnrolled(request, fingerprint, enrolled.id)
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
