import type { Engine, UsingContainer } from '../../core/ports/engine.ts'
import type { Emit } from '../../core/ports/events.ts'
import { actionText, type EngineAction } from '../../core/reload/on-change.ts'
import { toLocketError, type LocketError } from '../../core/vocabulary/errors.ts'
import type { VolumeName } from '../../core/vocabulary/names.ts'
import { hasStartedSince, lostRestart } from './plan.ts'
import type { Troubles } from './troubles.ts'
import type { Unfinished } from './workers.ts'

/** The reload of one container. */
interface ContainerReload {
  readonly container: UsingContainer
  readonly actions: readonly EngineAction[]
  /** The volumes that have changed. */
  readonly volumes: readonly VolumeName[]
  /** The time of the last change, in milliseconds since the epoch. */
  readonly changedAt: number
}

interface ReloadTools {
  readonly engine: Engine
  readonly emit: Emit
  readonly troubles: Pick<Troubles, 'restartIsLost'>
  readonly stopping: AbortSignal
}

/**
 * Does the actions, unless the container has ended or has begun since the change. Resolves with those that
 * failed. Rejects when the engine does not answer about the container.
 */
export async function reloadContainer(
  { container, actions, volumes, changedAt }: ContainerReload,
  { engine, emit, troubles, stopping }: ReloadTools,
): Promise<Unfinished<readonly EngineAction[]> | undefined> {
  const { id, name } = container
  const state = await engine.stateOf(id, stopping)
  if (state === undefined || hasStartedSince(state, changedAt)) return undefined
  const left: EngineAction[] = []
  let first: LocketError | undefined
  let mayRepeat = true
  for (const action of actions) {
    try {
      await perform(engine, id, action, stopping)
      emit('reload.done', { container: name, action: actionText(action), volumes })
      const lost = action.kind === 'signal' ? lostRestart(state, action.signal) : undefined
      if (lost !== undefined) troubles.restartIsLost(container, lost)
    } catch (thrown) {
      stopping.throwIfAborted()
      const error = toLocketError(thrown)
      // The container was removed meanwhile.
      if (error.code === 'not_found') return undefined
      first ??= error
      left.push(action)
      // The command may still run: another one beside it could do harm.
      if (action.kind === 'exec' && error.code === 'timeout') mayRepeat = false
    }
  }
  return first && { left, error: first, mayRepeat }
}

function perform(engine: Engine, id: string, action: EngineAction, signal: AbortSignal): Promise<void> {
  if (action.kind === 'signal') return engine.kill(id, action.signal, signal)
  return action.kind === 'exec' ? engine.exec(id, action.command, signal) : engine.restart(id, signal)
}
