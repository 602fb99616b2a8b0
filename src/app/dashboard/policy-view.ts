import { parseCidr } from '../../core/broker/addresses.ts'
import type { Verdict } from '../../core/broker/seams.ts'
import { mustBeAdmin } from '../../core/broker/people/rights.ts'
import { noMachine, noSecret } from '../broker/catalog.ts'
import { checkPolicy, isGoodPolicy, policyText } from '../policy/check-policy.ts'
import type { PolicyState } from '../policy/live-policy.ts'
import { LocketError } from '../../core/vocabulary/errors.ts'
import type { DashboardPorts } from './ports.ts'
import type { Visit } from './sessions.ts'

/** A read that an administrator thinks of. */
interface ThoughtRead {
  /** The name of a machine. */
  readonly machine: string
  readonly project: string
  readonly secret: string
  readonly address: string
}

/** The policy, for administrators. All of it rejects with `denied` for others. */
export interface PolicyView {
  /** Returns the policy in effect. Undefined: grants alone decide. */
  state(visit: Visit): PolicyState | undefined
  /** Resolves with the decision about a read, which is not made: grant first, then policy. */
  try(visit: Visit, read: ThoughtRead): Promise<Verdict>
  /** Checks a text as `locket serve check` does, and resolves with the report. It does not take effect. */
  check(visit: Visit, text: string): Promise<{ readonly isGood: boolean; readonly report: string }>
}

/** Returns the view of the policy. */
export function createPolicyView(ports: DashboardPorts): PolicyView {
  const { broker, store, decide, readPolicy, clock } = ports
  return {
    state(visit) {
      mustBeAdmin(visit)
      return broker.policy()
    },

    async try(visit, { machine: named, project, secret: name, address }) {
      mustBeAdmin(visit)
      if (address !== '' && (address.includes('/') || parseCidr(address) === undefined))
        throw new LocketError('usage', 'the address is not an IP address')
      const machine = await store.machineNamed(named)
      if (machine === undefined) throw noMachine(named)
      const secrets = await store.secrets(project)
      const secret = secrets.find((one) => one.name === name)
      if (secret === undefined) throw noSecret({ project, name })
      const granted = await store.granted(machine.id, [{ project, name }])
      if (granted.length === 0) return { isAllowed: false, policy: 'no grant' }
      const about = { id: machine.id, name: machine.name }
      try {
        return decide({ machine: about, secret, address, now: clock.now(), context: {} })
      } catch {
        return { isAllowed: false, policy: 'the policy has failed' }
      }
    },

    async check(visit, text) {
      mustBeAdmin(visit)
      const { file, policy } = await readPolicy(text)
      const report = checkPolicy(file, policy)
      return { isGood: isGoodPolicy(report), report: policyText(report) }
    },
  }
}
