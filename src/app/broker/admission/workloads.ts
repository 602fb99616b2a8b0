import {
  formatIdentity,
  workloadStatement,
  type MachineIdentity,
} from '../../../core/broker/identity-file.ts'
import { isSignatureOf, toBase64 } from '../../../core/broker/keys.ts'
import { claimsProblem, unmetClaim } from '../../../core/broker/policy/workload-rule.ts'
import type {
  MachineKeys,
  MachineRecord,
  WorkloadRule,
  WorkloadSession,
} from '../../../core/broker/records.ts'
import type { AuditOutcome, VerifiedToken } from '../../../core/broker/seams.ts'
import { createSessionId } from '../../../core/broker/tokens.ts'
import { LocketError, toLocketError } from '../../../core/vocabulary/errors.ts'
import { createMeter } from '../../../core/waiting/meter.ts'
import { whyNot } from '../authenticate.ts'
import { change, type Admin } from '../catalog.ts'
import { machineIdentity, newMachine, missingSecret, type MachineOrder } from '../machines.ts'
import type { BrokerPorts } from '../ports.ts'

/** A workload that shows a token. Its keys are of the moment. */
interface LoginRequest {
  /** The id of the machine that it wants to be. */
  readonly machine: string
  readonly token: string
  readonly keys: MachineKeys
  /** The signature of `workloadStatement` by the new key. */
  readonly proof: Uint8Array
  readonly address: string
}

/** The machines that prove themselves by a token of an issuer. */
export interface Workloads {
  /**
   * Adds a machine and resolves with its identity, which holds no secret. Rejects as `Machines.add` does, and
   * with `usage` for a rule that fits every token, or an issuer that is not configured.
   */
  add(
    admin: Admin,
    order: Omit<MachineOrder, 'how' | 'needsApproval'> & { readonly workload: WorkloadRule },
  ): Promise<{ readonly machine: MachineRecord; readonly identity: Uint8Array }>
  /**
   * Gives access for a token. Rejects with `auth` for a machine that gets no answers and a token that is not
   * good, and with `unavailable` when the issuer gives no keys.
   */
  login(request: LoginRequest): Promise<Pick<WorkloadSession, 'id' | 'expires'>>
}

/** Refused logins of one address that are recorded. */
const FAILURES = { count: 20, perMs: 60_000, most: 10_000 } as const
const UNKNOWN = 'the broker does not know this workload, or does not answer it'

/** Returns the workloads of a broker. */
export function createWorkloads(ports: BrokerPorts): Workloads {
  const { store, clock, emit } = ports
  const { sessions, verify, issuers } = ports.workloads
  const failures = createMeter(FAILURES)
  /** The last failure of each issuer, so that one that stays is logged once. */
  const failing = new Map<string, string>()

  async function record(
    { name }: Pick<MachineRecord, 'name'>,
    { address }: LoginRequest,
    line: { readonly target: string; readonly outcome: AuditOutcome; readonly reason: string },
  ): Promise<void> {
    const common = { actor: 'workload', action: 'workload.login', machine: name, address } as const
    await ports.audit([{ at: clock.now(), ...common, ...line }])
  }

  /** Records why a login was refused. Above the rate of failures of its address nothing is recorded. */
  async function refuse(
    machine: Pick<MachineRecord, 'name'>,
    request: LoginRequest,
    { reason, says = reason }: { readonly reason: string; readonly says?: string },
  ): Promise<LocketError> {
    const { address } = request
    if (failures.take(address === '' ? request.machine : address, clock.elapsed()) === 0) {
      emit('broker.refused', { machine: machine.name, address, reason })
      await record(machine, request, { target: machine.name, outcome: 'denied', reason })
    }
    return new LocketError('auth', says)
  }

  async function find(request: LoginRequest): Promise<MachineRecord & { readonly workload: WorkloadRule }> {
    const machine = await store.machine(request.machine)
    if (machine === undefined)
      throw await refuse({ name: 'unknown' }, request, { reason: 'there is no such machine', says: UNKNOWN })
    const reason = whyNot(machine, request.address, clock.now())
    const { workload } = machine
    if (reason !== undefined || workload === undefined)
      throw await refuse(machine, request, { reason: reason ?? 'it is not a workload', says: UNKNOWN })
    return { ...machine, workload }
  }

  async function verified(
    machine: MachineRecord & { readonly workload: WorkloadRule },
    request: LoginRequest,
  ): Promise<VerifiedToken> {
    const { issuer } = machine.workload
    let read: VerifiedToken
    try {
      read = await verify(issuer, request.token)
    } catch (thrown) {
      const error = toLocketError(thrown)
      const refusal = await refuse(machine, request, {
        reason: `${issuer}: ${error.reason}`,
        says: error.reason,
      })
      if (error.code === 'auth') throw refusal
      if (failing.get(issuer) !== error.reason)
        emit('broker.trouble', { error: `${machine.name}: ${error.reason}` })
      failing.set(issuer, error.reason)
      throw new LocketError('unavailable', `the broker cannot check tokens of ${issuer}: see its log`)
    }
    failing.delete(issuer)
    const unmet = unmetClaim(machine.workload, read.claims)
    if (unmet === undefined) return read
    const reason = `${issuer}: its claim ${unmet} does not fit`
    throw await refuse(machine, request, {
      reason,
      says: 'the token is not one of this machine: the audit of the broker tells which claim does not fit',
    })
  }

  return {
    async add(admin, { workload, ...order }) {
      const problem = claimsProblem(workload.claims)
      if (problem !== undefined) throw new LocketError('usage', `${order.name}: ${problem}`)
      if (!issuers.includes(workload.issuer))
        throw new LocketError('usage', `the broker has no issuer ${workload.issuer.slice(0, 80)}`, {
          hint:
            issuers.length === 0
              ? 'write [issuers.NAME] into its configuration'
              : `it has ${issuers.join(', ')}`,
        })
      const machine = {
        ...newMachine({ ...order, how: 'enrol', needsApproval: false }, clock.now()),
        workload,
      }
      const line = { action: 'machine.add', target: order.name, machine: order.name } as const
      await change(ports, admin, line, async () => {
        const added = await store.addMachine({ machine, grants: order.grants })
        if (added === 'no-secret') throw await missingSecret(store, order.grants)
        if (added === 'exists') throw new LocketError('usage', `there is a machine ${order.name} already`)
      })
      const { privateKeyPath: _none, ...identity }: MachineIdentity = machineIdentity(ports, machine)
      return { machine, identity: formatIdentity(identity) }
    },

    async login(request) {
      const { token, keys, proof } = request
      const stated = workloadStatement(token, { machine: request.machine, sealing: toBase64(keys.sealing) })
      if (!isSignatureOf(keys.signing, stated, proof))
        throw new LocketError('usage', 'the login is not signed by its own key')
      const machine = await find(request)
      const { claims, subject, expires } = await verified(machine, request)
      const session = {
        id: createSessionId(),
        machine: machine.id,
        keys,
        claims,
        expires: Math.min(expires, machine.notAfter ?? expires),
      }
      // The line is stored before the access is.
      await record(machine, request, {
        target: `${machine.workload.issuer} ${subject}`,
        outcome: 'allowed',
        reason: 'token',
      })
      if (!(await sessions.add(session, clock.now())))
        throw new LocketError('rate_limited', 'this workload has too many sessions', { retryAfterMs: 60_000 })
      return { id: session.id, expires: session.expires }
    },
  }
}
