import { isWithin } from '../../core/broker/addresses.ts'
import { type Key, publicKeyOf } from '../../core/broker/keys.ts'
import { createMeter } from '../../core/waiting/meter.ts'
import type { MachineRecord, WorkloadSession } from '../../core/broker/records.ts'
import {
  LOCKET_V2,
  type Claim,
  type SignedRequest,
  type SigningProtocol,
} from '../../core/broker/signing/claim.ts'
import { LocketError } from '../../core/vocabulary/errors.ts'
import { createNonceMemory } from './admission/nonces.ts'
import type { BrokerPorts } from './ports.ts'

/** A request as it came in. */
export interface MachineRequest extends SignedRequest {
  /** The address of the sender. Empty on a Unix socket. */
  readonly address: string
}

/** A machine that has proved itself by this request. */
export interface Authenticated {
  readonly machine: MachineRecord & Required<Pick<MachineRecord, 'keys'>>
  readonly requestSignature: Uint8Array
  readonly address: string
  /** Facts that an issuer has signed. Left out: the machine has proved itself by its key alone. */
  readonly claims?: Readonly<Record<string, unknown>>
}

/**
 * Milliseconds that a nonce is kept after its request is too old. The clocks of two replicas may differ by
 * this much, and a clock may be set back by this much, without a request that can be sent again.
 */
const NONCE_MARGIN_MS = 5 * 60_000
/** Refused requests of one address, before the broker stops to record them. */
const FAILURES = { count: 60, perMs: 60_000, most: 10_000 } as const
const MOST_MACHINES = 10_000
const MINUTE_MS = 60_000

/**
 * Returns the function that finds out who sent a request. It checks in this order: machine known, enabled,
 * and asking from an allowed address; host; time; signature; rate; nonce. Rejects with `auth` or
 * `rate_limited`. Rates, nonces and failures are those of a machine in all protocols together. The messages
 * do not tell which machines there are. The cheap checks come first, and the
 * nonce is remembered only for a verified request, so that nobody else can fill a machine's memory. A request
 * that is right is never refused because of others that were refused.
 */
export function createAuthenticate(
  ports: BrokerPorts,
): (request: MachineRequest, protocol?: SigningProtocol) => Promise<Authenticated> {
  const { clock, store, settings } = ports
  const nonces = createNonceMemory(ports)
  const failures = createMeter(FAILURES)
  const rate = createMeter({ ...settings.rate, most: MOST_MACHINES })
  const keys = createKeyCache()
  const seen = new Map<string, number>()

  async function authenticate(
    request: MachineRequest,
    protocol: SigningProtocol = LOCKET_V2,
  ): Promise<Authenticated> {
    const { mostSkewMs } = protocol
    const claimed = protocol.read(request)
    if (claimed === undefined)
      throw new LocketError('auth', `the request has no signature of the protocol ${protocol.name}`)
    const { machine, claims } = await findMachine(claimed, request)
    if (protocol.signsHost && !settings.names.includes(hostOf(request.target.authority)))
      throw await refused(machine, request, 'it was signed for another host', FOREIGN_HOST)
    if (Math.abs(clock.now() - claimed.created * 1000) > mostSkewMs)
      throw await refused(
        machine,
        request,
        `its time differs by more than ${mostSkewMs / 1000} s`,
        skewText(clock.now(), claimed),
      )
    if (!claimed.isSignedBy(keys.of(machine)))
      throw await refused(machine, request, 'its signature does not fit', UNKNOWN)
    const waitMs = rate.take(machine.id, clock.elapsed())
    if (waitMs > 0)
      throw new LocketError('rate_limited', 'this machine asks too often', { retryAfterMs: waitMs })
    const { nonce, created, signature } = claimed
    const expires = created * 1000 + mostSkewMs + NONCE_MARGIN_MS
    await nonces.use({ machine: machine.id, nonce, expires })
    await noteSeen(machine.id)
    return { machine, requestSignature: signature, address: request.address, ...(claims && { claims }) }
  }

  /** Resolves with the machine. The session of a workload has the keys and the claims of its token. */
  async function findMachine(
    claimed: Claim,
    request: MachineRequest,
  ): Promise<Pick<Authenticated, 'machine' | 'claims'>> {
    const isSession = claimed.machine.startsWith('w_')
    const session = isSession ? await ports.workloads.sessions.find(claimed.machine) : undefined
    const machine = await store.machine(session?.machine ?? claimed.machine)
    if (machine === undefined)
      throw tooMany({ id: claimed.machine }, request) ?? new LocketError('auth', UNKNOWN)
    const reason = (session && whyOver(session, machine)) ?? whyNot(machine, request.address, clock.now())
    const own = session?.keys ?? machine.keys
    if (reason !== undefined || own === undefined)
      throw await refused(machine, request, reason ?? 'it has no usable key', UNKNOWN)
    return { machine: { ...machine, keys: own }, ...(session && { claims: session.claims }) }
  }

  /** Returns why a session is not good any more. An operator who takes an issuer away stops trusting it. */
  function whyOver({ expires }: WorkloadSession, { workload }: MachineRecord): string | undefined {
    if (expires <= clock.now()) return 'its session is over'
    if (workload === undefined) return 'it is not a workload'
    return ports.workloads.issuers.includes(workload.issuer)
      ? undefined
      : `the broker has no issuer ${workload.issuer}`
  }

  /**
   * Records why a request of a known machine was refused, and returns the error for the machine. Above the
   * rate of failures nothing is recorded.
   */
  async function refused(
    { id, name }: MachineRecord,
    request: MachineRequest,
    reason: string,
    says: string,
  ): Promise<LocketError> {
    const unrecorded = tooMany({ id }, request)
    if (unrecorded !== undefined) return unrecorded
    const { address } = request
    ports.emit('broker.refused', { machine: name, address, reason })
    const [at, actor] = [clock.now(), `machine ${id}`]
    await ports.audit([
      { at, actor, action: 'authenticate', target: name, machine: name, address, outcome: 'denied', reason },
    ])
    return new LocketError('auth', says)
  }

  /**
   * Counts a request that was refused, and returns the error if its sender has too many of them. Everybody on
   * a Unix socket has the same address: there each claimed machine is counted for itself.
   */
  function tooMany({ id }: Pick<MachineRecord, 'id'>, { address }: MachineRequest): LocketError | undefined {
    const waitMs = failures.take(address === '' ? id : address, clock.elapsed())
    if (waitMs === 0) return undefined
    return new LocketError('rate_limited', 'too many requests from this address were refused', {
      retryAfterMs: waitMs,
    })
  }

  async function noteSeen(id: string): Promise<void> {
    const minute = Math.floor(clock.now() / MINUTE_MS)
    if (seen.get(id) === minute) return
    if (seen.size >= MOST_MACHINES) seen.clear()
    seen.set(id, minute)
    await store.noteSeen(id, clock.now())
  }

  return authenticate
}

const UNKNOWN = 'the broker does not know this machine, or does not answer it'
const FOREIGN_HOST = 'the request was signed for another host'

/**
 * Returns why a machine gets no answers at present, for the log and the audit. Undefined: it gets answers.
 */
export function whyNot(machine: MachineRecord, address: string, now: number): string | undefined {
  if (machine.state !== 'enabled') return `it is ${machine.state}`
  if (machine.notAfter !== undefined && machine.notAfter <= now) return 'it has expired'
  return isWithin(address, machine.cidrs) ? undefined : 'its address is not allowed'
}

function skewText(now: number, { created }: Claim): string {
  const seconds = Math.round(created - now / 1000)
  const direction = seconds > 0 ? 'ahead of' : 'behind'
  return `the clock of this machine is ${Math.abs(seconds)} s ${direction} that of the broker`
}

/** `broker.example:7468` → `broker.example`; `[::1]:7468` → `::1`. */
function hostOf(authority: string): string {
  const [, bracketed, plain] = /^(?:\[([^\]]*)\]|([^:]*))(?::\d{1,5})?$/.exec(authority) ?? []
  return (bracketed ?? plain ?? '').toLowerCase()
}

/** Keeps the keys of machines as objects: making one takes a fifth of a verification. */
function createKeyCache(): { of(machine: Authenticated['machine']): Key } {
  const kept = new Map<string, { readonly bytes: Uint8Array; readonly key: Key }>()
  return {
    of({ id, keys: { signing } }) {
      const known = kept.get(id)
      if (known !== undefined && known.bytes.every((byte, at) => byte === signing[at])) return known.key
      if (kept.size >= MOST_MACHINES) kept.clear()
      const key = publicKeyOf('ed25519', signing)
      kept.set(id, { bytes: signing, key })
      return key
    },
  }
}
