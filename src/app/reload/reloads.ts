import type { Clock } from '../../core/ports/clock.ts'
import type { Engine, UsingContainer } from '../../core/ports/engine.ts'
import type { Emit } from '../../core/ports/events.ts'
import { actionText, type EngineAction, type OnChange } from '../../core/reload/on-change.ts'
import { formatError, toLocketError } from '../../core/vocabulary/errors.ts'
import type { VolumeName } from '../../core/vocabulary/names.ts'
import { mergeActions, planReloads } from './plan.ts'
import { reloadContainer } from './reload-container.ts'
import { CONTAINER_KEY, createTroubles } from './troubles.ts'
import { createWindow } from './window.ts'
import { createWorkers, type Unfinished } from './workers.ts'

/** New content of a volume is in place. */
export interface Change {
  readonly volume: VolumeName
  readonly onChange: OnChange
  /** Milliseconds since the epoch. */
  readonly at: number
  /** Writes the file of `touch`. */
  readonly touch: (file: string) => Promise<void>
  /** Called when everything is done or given up, unless the volume has changed again meanwhile. */
  readonly settled: () => void
}

/** The machine, as reloads see it. */
export interface ReloadPorts {
  readonly clock: Clock
  readonly emit: Emit
  /** Loads the client of the engine. */
  readonly openEngine: () => Promise<Engine>
  /** Its abort ends all reloads at once. */
  readonly stopping: AbortSignal
}

/** The actions of `on-change` for all volumes of a daemon. */
export interface Reloads {
  /**
   * Does what `onChange` says, once for each call. Returns at once and never throws. Failures are reported
   * and tried again.
   */
  changed(change: Change): void
  /** True from the call of `changed` until everything is done or given up. */
  isPending(volume: VolumeName): boolean
  /** Returns one line for each failure that is not over, for Status. */
  troublesOf(volume: VolumeName): readonly string[]
}

type EngineChange = Change & { readonly action: EngineAction }

type Work =
  | { readonly kind: 'find'; readonly changes: readonly EngineChange[] }
  | { readonly kind: 'touch'; readonly changes: readonly Change[]; readonly file: string }
  | {
      readonly kind: 'reload'
      readonly changes: readonly Change[]
      readonly container: UsingContainer
      readonly actions: readonly EngineAction[]
    }

/** Makes the reloads of a daemon. */
export function createReloads({ clock, emit, openEngine, stopping }: ReloadPorts): Reloads {
  /** The newest change of each volume that is not settled. */
  const pending = new Map<VolumeName, Change>()
  /** For each change, the number of pieces of work that belong to it. */
  const holds = new Map<Change, number>()
  const troubles = createTroubles(emit)

  const workers = createWorkers<Work>({ merge, attempt, failed, done }, clock, stopping)
  const window = createWindow<EngineChange>(
    (changes) => workers.add('find', { kind: 'find', changes }),
    clock,
    stopping,
  )

  function hold(change: Change): void {
    holds.set(change, (holds.get(change) ?? 0) + 1)
  }

  function release(changes: readonly Change[]): void {
    for (const change of changes) {
      const left = (holds.get(change) ?? 1) - 1
      if (left > 0) holds.set(change, left)
      else {
        holds.delete(change)
        if (pending.get(change.volume) !== change) continue
        pending.delete(change.volume)
        change.settled()
      }
    }
  }

  async function attempt(work: Work): Promise<Unfinished<Work> | undefined> {
    if (work.kind === 'find') return find(work.changes)
    if (work.kind === 'touch') {
      await work.changes.at(-1)?.touch(work.file)
      for (const volume of volumesOf(work)) emit('reload.touched', { volume, file: work.file })
      return undefined
    }
    const changedAt = Math.max(...work.changes.map(({ at }) => at))
    const unfinished = await reloadContainer(
      { ...work, changedAt, volumes: volumesOf(work) },
      { engine: await openEngine(), emit, troubles, stopping },
    )
    return unfinished && { ...unfinished, left: { ...work, actions: unfinished.left } }
  }

  /** Asks for the containers of all volumes first: a container with several of them is reloaded once. */
  async function find(changes: readonly EngineChange[]): Promise<Unfinished<Work> | undefined> {
    const engine = await openEngine()
    const fault = await engine.fault()
    if (fault !== undefined) return { left: { kind: 'find', changes }, error: fault, mayRepeat: false }
    const asked = await Promise.allSettled(
      changes.map(async (change) => {
        const containers = await engine.containersWith(change.volume, stopping)
        return { change, action: change.action, containers }
      }),
    )
    const found = asked.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
    hand(found)
    const lost = asked.find((result) => result.status === 'rejected')
    if (lost === undefined) return undefined
    const handed = new Set(found.map(({ change }) => change))
    release([...handed])
    const left = changes.filter((change) => !handed.has(change))
    return { left: { kind: 'find', changes: left }, error: toLocketError(lost.reason), mayRepeat: true }
  }

  function hand(found: Parameters<typeof planReloads<EngineChange>>[0]): void {
    const { reloads, wrong } = planReloads(found)
    for (const { container, change, reason } of wrong)
      troubles.labelIsWrong({ container, volume: change.volume, reason })
    for (const { change, containers } of found) {
      troubles.keep(change.volume, new Set(containers.map(({ id }) => keyOf(id))))
      if (containers.length === 0) emit('reload.unused', { volume: change.volume })
    }
    for (const reload of reloads) {
      for (const change of reload.changes) hold(change)
      workers.add(keyOf(reload.container.id), { kind: 'reload', ...reload })
    }
  }

  /** Joins the rest of older work with newer work of its key. */
  function merge(older: Work, newer: Work): Work {
    if (older.kind === 'find' && newer.kind === 'find') {
      const again = new Set(newer.changes.map(({ volume }) => volume))
      const isLast = ({ volume }: Change): boolean => !again.has(volume)
      release(older.changes.filter((change) => !isLast(change)))
      return { kind: 'find', changes: [...older.changes.filter(isLast), ...newer.changes] }
    }
    const changes = [...older.changes, ...newer.changes]
    if (older.kind === 'reload' && newer.kind === 'reload')
      return { ...newer, changes, actions: mergeActions([...older.actions, ...newer.actions]) }
    return newer.kind === 'touch' ? { ...newer, changes } : newer
  }

  function failed(key: string, { left, error }: Unfinished<Work>, isOver: boolean): void {
    const { code } = error
    troubles.failed(
      key,
      { what: whatOf(left), volumes: volumesOf(left), code, error: formatError(error) },
      isOver,
    )
    if (isOver) release(left.changes)
  }

  function done(key: string, work: Work): void {
    troubles.over(key)
    release(work.changes)
  }

  return {
    changed(change) {
      const { volume, onChange } = change
      if (onChange.kind === 'touch') {
        pending.set(volume, change)
        hold(change)
        workers.add(`touch ${volume}`, { kind: 'touch', changes: [change], file: onChange.file })
        return
      }
      const engineChange = { ...change, action: onChange }
      pending.set(volume, engineChange)
      hold(engineChange)
      window.add(engineChange)
    },
    isPending: (volume) => pending.has(volume),
    troublesOf: (volume) => troubles.linesOf(volume),
  }
}

function keyOf(containerId: string): string {
  return `${CONTAINER_KEY}${containerId}`
}

function volumesOf({ changes }: Work): readonly VolumeName[] {
  return [...new Set(changes.map(({ volume }) => volume))]
}

/** Returns a name of the work for people: `restart of web`. */
function whatOf(work: Work): string {
  if (work.kind === 'find') return 'asking for the containers that use it'
  if (work.kind === 'touch') return `touch:${work.file}`
  return `${work.actions.map(actionText).join(' and ')} of ${work.container.name}`
}
