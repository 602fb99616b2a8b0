import type { CompilePolicy, Policy, PolicyFile, PolicyRule } from '../../core/broker/policy/rules.ts'
import type { BrokerAudit, Decide } from '../../core/broker/seams.ts'
import type { Clock } from '../../core/ports/clock.ts'
import type { Emit } from '../../core/ports/events.ts'
import { openLiveFile } from './live-file.ts'

/** The parts that a live policy needs. */
interface LivePolicyPorts {
  readonly clock: Clock
  readonly emit: Emit
  readonly audit: BrokerAudit
  /** The policy file. */
  readonly path: string
  /** Resolves with the content of a file. Rejects with `io` or `too_large`. */
  readonly read: (path: string) => Promise<Uint8Array>
  /** Parses a file. Throws `config`. */
  readonly parse: (path: string, text: string) => PolicyFile
  readonly compile: CompilePolicy
}

/** The policy in effect, for people. */
export interface PolicyState {
  readonly path: string
  /** SHA-256 of the file, as hexadecimal digits. */
  readonly hash: string
  readonly rules: readonly PolicyRule[]
  /** Milliseconds since the epoch. */
  readonly since: number
  /** The reason why a newer file is not in effect. */
  readonly error: string | undefined
}

/** A policy that follows its file. */
export interface LivePolicy {
  readonly decide: Decide
  readonly state: () => PolicyState
  /** Reads the file again. A file that is wrong changes nothing, and the log tells it. Never rejects. */
  reload(): Promise<void>
}

/**
 * Reads and compiles a policy. Rejects with `io` or `config`. A policy takes effect after its audit line is
 * durable.
 */
export async function openLivePolicy(ports: LivePolicyPorts): Promise<LivePolicy> {
  const { emit, path } = ports
  /** Rules that fail, so that each is logged once. */
  const failing = new Set<string>()
  const file = await openLiveFile<Policy>({
    ...ports,
    action: 'policy.load',
    parse: (at, text) => ports.compile(ports.parse(at, text)),
    describe: ({ rules }) => `${rules.length} rules`,
    taken({ rules }, isFirst) {
      failing.clear()
      if (!isFirst) emit('broker.policy', { path, rules: rules.length })
    },
    kept: (error) => emit('broker.policy-kept', { path, error }),
  })

  return {
    decide(facts) {
      const { error: failure, ...verdict } = file.now().content.decide(facts)
      if (failure !== undefined && !failing.has(verdict.policy)) {
        failing.add(verdict.policy)
        emit('broker.policy-fails', { rule: verdict.policy, error: failure })
      }
      return verdict
    },
    state() {
      const { content, hash, since } = file.now()
      return { path, hash, rules: content.rules, since, error: file.error() }
    },
    reload: () => file.reload(),
  }
}
