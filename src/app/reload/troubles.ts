import type { UsingContainer } from '../../core/ports/engine.ts'
import type { Emit } from '../../core/ports/events.ts'
import type { VolumeName } from '../../core/vocabulary/names.ts'

/** A piece of work that failed. */
interface Trouble {
  /** `restart of web`, for people. */
  readonly what: string
  readonly volumes: readonly VolumeName[]
  readonly code: string
  /** One line. */
  readonly error: string
}

/** Failures of reloads. Each is reported when it begins, changes, is given up, and ends. */
export interface Troubles {
  /** `isOver`: the work is not tried again. */
  failed(key: string, trouble: Trouble, isOver: boolean): void
  /** The work of this key is done. */
  over(key: string): void
  /** Forgets the failures of containers that do not use the volume any more: those of other keys. */
  keep(volume: VolumeName, keys: ReadonlySet<string>): void
  /** Returns one line for each failure of the volume. */
  linesOf(volume: VolumeName): readonly string[]
  /** Reports a wrong label once. */
  labelIsWrong(facts: {
    readonly container: UsingContainer
    readonly volume: VolumeName
    readonly reason: string
  }): void
  /** Reports once what the engine no longer does for a container. */
  restartIsLost(container: UsingContainer, reason: string): void
}

/** Limits what is remembered of containers that come and go. The oldest is forgotten first. */
const MOST_REMEMBERED = 1000

/** The beginning of the keys of containers. */
export const CONTAINER_KEY = 'container '

/** Makes a memory without failures. */
export function createTroubles(emit: Emit): Troubles {
  const troubles = new Map<string, Trouble & { readonly isOver: boolean }>()
  const reported = new Set<string>()

  /** True for the first call with this text. */
  function isNews(text: string): boolean {
    if (reported.has(text)) return false
    reported.add(text)
    forgetOldest(reported)
    return true
  }

  return {
    failed(key, trouble, isOver) {
      const before = troubles.get(key)
      const isSame = before?.code === trouble.code && before.error === trouble.error
      // A failure that is known as given up is so again: it is not reported for each change.
      const wasOver = isSame && before.isOver
      troubles.delete(key)
      troubles.set(key, { ...trouble, isOver: isOver || wasOver })
      forgetOldest(troubles)
      if (isOver && !wasOver) emit('reload.gave-up', trouble)
      else if (!isSame) emit('reload.failed', trouble)
    },

    over(key) {
      const before = troubles.get(key)
      if (!troubles.delete(key) || before === undefined) return
      emit('reload.recovered', { what: before.what, volumes: before.volumes })
    },

    keep(volume, keys) {
      for (const [key, { volumes }] of troubles)
        if (key.startsWith(CONTAINER_KEY) && volumes.includes(volume) && !keys.has(key)) troubles.delete(key)
    },

    linesOf: (volume) =>
      [...troubles.values()]
        .filter(({ volumes }) => volumes.includes(volume))
        .map(({ what, error, isOver }) => {
          const rest = isOver ? 'is given up until the next change' : 'is tried again'
          return `on-change: ${what} failed and ${rest}: ${error}`
        }),

    labelIsWrong({ container, volume, reason }) {
      const { id, name, label } = container
      if (isNews(`${id} ${volume} ${label}`)) emit('reload.label', { container: name, volume, error: reason })
    },

    restartIsLost({ id, name }, reason) {
      if (isNews(`${id} ${reason}`)) emit('reload.no-restart', { container: name, reason })
    },
  }
}

function forgetOldest(remembered: Map<string, unknown> | Set<string>): void {
  const [oldest] = remembered.keys()
  if (remembered.size > MOST_REMEMBERED && oldest !== undefined) remembered.delete(oldest)
}
