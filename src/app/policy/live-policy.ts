import { hashOf } from '../../core/audit/chain.ts'
import type { CompilePolicy, Policy, PolicyFile, PolicyRule } from '../../core/broker/policy/rules.ts'
import type { BrokerAudit, Decide } from '../../core/broker/seams.ts'
import type { Clock } from '../../core/ports/clock.ts'
import type { Emit } from '../../core/ports/events.ts'
import { formatError, toLocketError } from '../../core/vocabulary/errors.ts'

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
  const { clock, emit, path } = ports
  /** Rules that fail, so that each is logged once. */
  const failing = new Set<string>()
  let { policy, hash } = await load()
  await record('allowed', describe(policy, hash))
  let since = clock.now()
  let error: string | undefined
  let loading: Promise<void> = Promise.resolve()

  async function load(): Promise<{ readonly policy: Policy; readonly hash: string }> {
    const bytes = await ports.read(path)
    const text = new TextDecoder().decode(bytes)
    return { policy: ports.compile(ports.parse(path, text)), hash: hashOf(bytes) }
  }

  async function record(outcome: 'allowed' | 'failed', reason: string): Promise<void> {
    const line = {
      actor: 'broker',
      action: 'policy.load',
      target: path,
      address: '',
      outcome,
      reason,
    } as const
    await ports.audit([{ ...line, at: clock.now() }])
  }

  async function loadAgain(): Promise<void> {
    try {
      const next = await load()
      if (next.hash !== hash) {
        await record('allowed', describe(next.policy, next.hash))
        failing.clear()
        ;({ policy, hash } = next)
        since = clock.now()
        emit('broker.policy', { path, rules: policy.rules.length })
      }
      error = undefined
    } catch (thrown) {
      const wrong = toLocketError(thrown)
      const text = formatError(wrong)
      // A file that is written in several steps, or touched, is not logged twice.
      if (text === error) return
      error = text
      emit('broker.policy-kept', { path, error: text })
      await record('failed', wrong.code).catch(() => undefined)
    }
  }

  return {
    decide(facts) {
      const { error: failure, ...verdict } = policy.decide(facts)
      if (failure !== undefined && !failing.has(verdict.policy)) {
        failing.add(verdict.policy)
        emit('broker.policy-fails', { rule: verdict.policy, error: failure })
      }
      return verdict
    },
    state: () => ({ path, hash, rules: policy.rules, since, error }),
    reload() {
      loading = loading.then(loadAgain)
      return loading
    },
  }
}

function describe({ rules }: Policy, hash: string): string {
  return `${rules.length} rules, SHA-256 ${hash}`
}
