import type { ContainerState, UsingContainer } from '../../core/ports/engine.ts'
import type { PassedSignal } from '../../core/ports/signals.ts'
import { parseReloadLabel, type EngineAction } from '../../core/reload/on-change.ts'
import { formatError, toLocketError } from '../../core/vocabulary/errors.ts'

/** A volume with new content, and the running containers that use it. */
interface FoundUsers<C> {
  readonly change: C
  readonly action: EngineAction
  readonly containers: readonly UsingContainer[]
}

/** The reload of one container, for all of its volumes that have changed. */
interface PlannedReload<C> {
  readonly container: UsingContainer
  readonly actions: readonly EngineAction[]
  readonly changes: readonly C[]
}

/** A label that has no effect. Its container is left alone, because its author wanted another action. */
interface WrongLabel<C> {
  readonly container: UsingContainer
  readonly change: C
  /** One line. */
  readonly reason: string
}

/** Returns one reload for each container, however many of its volumes have changed. */
export function planReloads<C>(found: readonly FoundUsers<C>[]): {
  readonly reloads: readonly PlannedReload<C>[]
  readonly wrong: readonly WrongLabel<C>[]
} {
  const reloads = new Map<string, PlannedReload<C>>()
  const wrong: WrongLabel<C>[] = []
  for (const { change, action, containers } of found) {
    for (const container of containers) {
      const own = actionFor(container, action)
      if (typeof own === 'string') wrong.push({ container, change, reason: own })
      if (own === undefined || typeof own === 'string') continue
      const before = reloads.get(container.id)
      reloads.set(container.id, {
        container,
        actions: mergeActions([...(before?.actions ?? []), own]),
        changes: [...(before?.changes ?? []), change],
      })
    }
  }
  return { reloads: [...reloads.values()], wrong }
}

/** Returns the action of the label or of the volume. Undefined: none. A text: why the label is wrong. */
function actionFor({ label }: UsingContainer, action: EngineAction): EngineAction | string | undefined {
  if (label === undefined) return action
  try {
    const own = parseReloadLabel(label, action)
    return own === 'off' ? undefined : own
  } catch (thrown) {
    return formatError(toLocketError(thrown))
  }
}

/** Returns each action once, in their order. A restart replaces all others: the program begins anew. */
export function mergeActions(actions: readonly EngineAction[]): readonly EngineAction[] {
  const restart = actions.find(({ kind }) => kind === 'restart')
  if (restart !== undefined) return [restart]
  return [...new Map(actions.map((action) => [JSON.stringify(action), action])).values()]
}

/**
 * Milliseconds by which the time of a start may be late: the engine writes it down when the program runs
 * already.
 */
const START_MARGIN_MS = 1000

/** True when the container began after `changedAt`, so that its program has read the new content. */
export function hasStartedSince({ startedAt }: ContainerState, changedAt: number): boolean {
  return startedAt > changedAt + START_MARGIN_MS
}

/**
 * Returns what the engine no longer does for a container that it has sent this signal, as the end of a
 * sentence, or undefined. Every signal counts as a stop by hand (moby issues 11065 and 41302, observed on
 * 20.10 and 28.5).
 */
export function lostRestart(state: ContainerState, sent: PassedSignal): string | undefined {
  const { restartPolicy, stopSignal } = state
  if (restartPolicy === 'no') return undefined
  if (stopSignal === undefined || stopSignal.replace(/^SIG/, '') === sent.replace(/^SIG/, ''))
    return `when it ends by itself, because it has ${stopSignal === undefined ? 'no' : 'the same'} stop_signal`
  if (restartPolicy === 'unless-stopped')
    return 'when the engine or the host restarts, because its restart policy is unless-stopped'
  return undefined
}
