import type { SwarmConfig } from '../../config/volume/volume-config.ts'
import type { SwarmEngine, SwarmService, UpdateProgress } from '../../core/volume/swarm/swarm-engine.ts'
import { formatError, toLocketError } from '../../core/vocabulary/errors.ts'
import type { Secret } from '../../core/vocabulary/secret.ts'
import type { Clients } from '../access/clients.ts'
import type { Machine } from '../machine.ts'
import type { RotatedService, RotationStore } from './rotation-state.ts'

/** The parts of the machine that a rotation needs. */
export interface RotatePorts extends Pick<Machine, 'clock' | 'emit'> {
  readonly engine: SwarmEngine
  readonly clients: Clients
  readonly store: RotationStore
  /** The key of the fingerprints. */
  readonly key: Secret
  /** Name of the secret driver. */
  readonly driver: string
  readonly swarm: Pick<SwarmConfig, 'secretConfig'>
  /** Milliseconds for which a plugin may give the value before a change. */
  readonly settleMs: number
  /** Ends the work. */
  readonly signal: AbortSignal
}

/** The result for one service. */
export interface RotateRow {
  readonly service: string
  readonly outcome: 'noted' | 'unchanged' | 'changed' | 'redeployed' | 'failed'
  /** Names of the secrets that have changed. */
  readonly secrets: readonly string[]
  /** For `changed`: milliseconds until it may be redeployed. */
  readonly dueInMs?: number
  /** For `failed`, and for a service that is left alone. */
  readonly reason?: string
}

interface Redeployment {
  readonly ports: RotatePorts
  /** The service as it is known, with its pending values. */
  readonly known: RotatedService & Required<Pick<RotatedService, 'pending'>>
  readonly secrets: readonly string[]
  readonly save: (service: RotatedService) => Promise<void>
}

const LOOK_MS = 1000
/** A rolling update of many tasks with a delay takes long. */
const LONGEST_UPDATE_MS = 1_800_000
const FIRST_BACK_OFF_MS = 300_000
const LONGEST_BACK_OFF_MS = 3_600_000

/**
 * Redeploys a service and waits for the end of its update. The number that it is redeployed with is kept
 * before, so that a rotation that was killed meanwhile does not redeploy it twice.
 */
export async function redeploy(service: SwarmService, redeployment: Redeployment): Promise<RotateRow> {
  const { ports, known, secrets, save } = redeployment
  const { emit, engine, signal } = ports
  const { id, name } = service
  const forceUpdate = known.pending.forceUpdate ?? service.forceUpdate + 1
  if (!service.startsFirst) emit('swarm.stop-first', { service: name })
  try {
    await save({ ...known, pending: { ...known.pending, forceUpdate } })
    await engine.redeploy(id, forceUpdate, signal)
    emit('swarm.redeploying', { service: name, secrets })
    // It was begun by a rotation that was killed: its update may have ended.
    const before = service.forceUpdate >= forceUpdate ? undefined : service.update
    const end = await endOf(id, before, ports)
    if (end?.state === 'completed') {
      await save({ prints: known.pending.prints })
      emit('swarm.redeployed', { service: name, secrets })
      return { service: name, outcome: 'redeployed', secrets }
    }
    return await failed(redeployment, name, reasonOf(end))
  } catch (thrown) {
    signal.throwIfAborted()
    return await failed(redeployment, name, formatError(toLocketError(thrown)))
  }
}

/** Resolves with the state of the update when it has ended. Undefined: it did not end in time. */
async function endOf(
  id: string,
  before: UpdateProgress | undefined,
  { engine, clock, signal }: RotatePorts,
): Promise<UpdateProgress | undefined> {
  const start = clock.elapsed()
  while (clock.elapsed() - start < LONGEST_UPDATE_MS) {
    const { update } = await engine.service(id, signal)
    const isNew = update !== undefined && update.startedAt !== before?.startedAt
    if (isNew && update.state !== 'updating' && update.state !== 'rollback_started') return update
    await clock.sleep(LOOK_MS, signal)
  }
  return undefined
}

function reasonOf(end: UpdateProgress | undefined): string {
  if (end === undefined) return 'its update did not end within 30 minutes'
  const words = end.state.replace('_', ' ')
  return end.message === '' ? `its update is ${words}` : `its update is ${words}: ${end.message}`
}

async function failed({ ports, known, secrets, save }: Redeployment, name: string, reason: string) {
  const failures = (known.backOff?.failures ?? 0) + 1
  const pauseMs = Math.min(FIRST_BACK_OFF_MS * 2 ** Math.min(failures - 1, 10), LONGEST_BACK_OFF_MS)
  const { prints, since } = known.pending
  const backOff = { until: ports.clock.now() + pauseMs, failures }
  await save({ prints: known.prints, pending: { prints, since }, backOff })
  ports.emit('swarm.redeploy-failed', { service: name, error: reason })
  return { service: name, outcome: 'failed', secrets, reason } as const
}
