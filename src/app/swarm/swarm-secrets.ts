import type { SwarmConfig } from '../../config/volume/volume-config.ts'
import { checkRules } from '../../core/volume/swarm/rules.ts'
import type { SecretRequest } from '../../core/volume/swarm/secret-request.ts'
import { LocketError, toLocketError } from '../../core/vocabulary/errors.ts'
import type { Secret } from '../../core/vocabulary/secret.ts'
import { unlessAborted } from '../../core/waiting/unless-aborted.ts'
import type { Clients } from '../access/clients.ts'
import type { AccessNotes } from '../audit/access-notes.ts'
import type { Audit } from '../audit/audit.ts'
import type { Machine } from '../machine.ts'
import { openDeadline } from '../render/deadline.ts'
import { createSwarmBreaker } from './breaker.ts'
import { askFor } from './question.ts'
import { createServedTasks } from './served-tasks.ts'
import { parseSecretTemplate, type SwarmTemplate } from './secret-template.ts'
import { createSwarmTally, type ServedSecret } from './tally.ts'
import { createSwarmTroubles, type SwarmTrouble } from './troubles.ts'
import { createValueMemory, type TakenValue } from './value-memory.ts'

interface SwarmPorts extends Pick<Machine, 'clock' | 'emit'> {
  readonly clients: Clients
  readonly audit: Audit
  readonly swarm: SwarmConfig
  /** Aborted when the daemon stops. */
  readonly stopping: AbortSignal
}

/** The secret driver of a Swarm. */
export interface SwarmSecrets extends Disposable {
  /**
   * Resolves with the value of a Swarm secret for one task, which the caller must wipe. Settles within two
   * seconds, because a manager asks for one task after another and writes nothing meanwhile. Rejects with the
   * reason why the task does not get it.
   */
  valueFor(request: SecretRequest): Promise<Secret>
  report(): SwarmReport
}

/** The secret driver, for `locket status`. It holds no value. */
export interface SwarmReport {
  readonly secrets: readonly ServedSecret[]
  readonly troubles: readonly SwarmTrouble[]
  /** Tasks whose values are in memory. */
  readonly tasks: number
  /** Bytes of all values in memory. */
  readonly bytes: number
}

/** Milliseconds for everything: the providers, the rendering, the audit log. */
const ANSWER_MS = 1900
/** Templates that are kept parsed. */
const MOST_PARSED = 1000

/** Makes a secret driver that has no value yet. */
export function createSwarmSecrets(ports: SwarmPorts): SwarmSecrets {
  const { clock, emit, audit, swarm } = ports
  const served = createServedTasks()
  const breaker = createSwarmBreaker(clock)
  const memory = createValueMemory({ ...swarm, clock, served })
  const troubles = createSwarmTroubles(clock, emit)
  const tally = createSwarmTally()
  const parsed = new Map<string, SwarmTemplate>()

  function templateOf({ labels }: SecretRequest): SwarmTemplate {
    const key = JSON.stringify(Object.entries(labels).filter(([name]) => name.startsWith('locket.')))
    const known = parsed.get(key) ?? parseSecretTemplate(swarm.secretConfig(labels))
    parsed.delete(key)
    parsed.set(key, known)
    const [first] = parsed.keys()
    if (parsed.size > MOST_PARSED && first !== undefined) parsed.delete(first)
    return known
  }

  async function take(request: SecretRequest, signal: AbortSignal): Promise<TakenValue> {
    const asked = templateOf(request)
    checkRules(swarm.rules, request, asked.template.refs)
    const task = `${request.taskId}\0${request.secret}`
    const kept = served.find(task, asked.key)?.hold()
    if (kept !== undefined) return { held: kept, source: 'memory' }
    const taken = await memory.take(asked.key, () => askFor(asked, audit.notes(), { ...ports, breaker }))
    const { held, whyStale } = taken
    try {
      const note = whyStale === undefined ? undefined : staleNote(held.askedAt)
      const recorded = accessOf(request, held.notes).delivered(note)
      await unlessAborted(() => recorded, signal, lateRecord)
      if (memory.keeps(asked.key, held)) served.keep(task, asked.key, held)
    } catch (thrown) {
      held.letGo()
      throw thrown
    }
    return taken
  }

  function accessOf({ secret, service, taskId }: SecretRequest, notes?: AccessNotes) {
    return audit.open({ action: 'secret', secret, service, task: taskId }, notes)
  }

  /** Settles when `signal` aborts, at the latest. The caller must let go of the value. */
  async function takenInTime(request: SecretRequest, signal: AbortSignal): Promise<TakenValue> {
    const taking = take(request, signal)
    try {
      return await unlessAborted(() => taking, signal)
    } catch (thrown) {
      // An answer that comes after the deadline is not used.
      if (signal.aborted) taking.then(({ held }) => held.letGo()).catch(() => undefined)
      throw thrown
    }
  }

  /** Writes the line of a refusal. It goes on after the deadline: nothing is given away meanwhile. */
  async function recordRefusal(
    request: SecretRequest,
    error: LocketError,
    signal: AbortSignal,
  ): Promise<void> {
    const recorded = accessOf(request).failed(error)
    await unlessAborted(() => recorded, signal).catch(() => undefined)
  }

  return {
    async valueFor(request) {
      const start = clock.elapsed()
      const { secret, service, task } = request
      using deadline = openDeadline(ANSWER_MS, clock, ports.stopping)
      const { signal } = deadline
      try {
        const { held, source, whyStale } = await takenInTime(request, signal)
        const value = held.value.copy()
        held.letGo()
        emit('swarm.delivered', { secret, service, task, from: source, ms: clock.elapsed() - start })
        tally.add(secret, clock.now())
        if (whyStale === undefined) troubles.end(request)
        else troubles.noteStale(request, whyStale, held.askedAt)
        return value
      } catch (thrown) {
        const error = toLocketError(thrown)
        if (troubles.note(request, error)) await recordRefusal(request, error, signal)
        throw error
      }
    },
    report: () => ({
      secrets: tally.list(),
      troubles: troubles.list(),
      tasks: served.count(),
      bytes: memory.bytes(),
    }),
    [Symbol.dispose]: () => memory[Symbol.dispose](),
  }
}

function staleNote(askedAt: number): string {
  return `from memory, because the provider is out of reach; asked for at ${new Date(askedAt).toISOString()}`
}

function lateRecord(): LocketError {
  return new LocketError('timeout', 'the access was not recorded in the audit log in time', {
    hint: 'look at the disk of the audit log; Swarm starts the task again',
  })
}
