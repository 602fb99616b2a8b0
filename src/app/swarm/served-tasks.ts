import type { HeldValue } from './held-values.ts'

/** The values that tasks were given. An engine asks again for tasks that run when a session of it starts. */
export interface ServedTasks {
  /** Returns the value that the task was given for the same template. */
  find(task: string, key: string): HeldValue | undefined
  /** Keeps the value for the task. */
  keep(task: string, key: string, held: HeldValue): void
  /** Forgets this value for all tasks, or all values of a template. */
  forget(what: { readonly held: HeldValue } | { readonly key: string }): void
  /** Forgets the task that was served first. False: there is none. */
  forgetFirst(): boolean
  count(): number
}

/** Most tasks that are remembered. */
const MOST_TASKS = 20_000

/** Makes a memory without tasks. */
export function createServedTasks(): ServedTasks {
  const served = new Map<string, { readonly key: string; readonly held: HeldValue }>()

  function drop(task: string): void {
    served.get(task)?.held.letGo()
    served.delete(task)
  }

  function forgetFirst(): boolean {
    const [first] = served.keys()
    if (first === undefined) return false
    drop(first)
    return true
  }

  return {
    find(task, key) {
      const known = served.get(task)
      return known?.key === key ? known.held : undefined
    },
    keep(task, key, held) {
      if (served.get(task)?.held === held) return
      drop(task)
      served.set(task, { key, held: held.hold() })
      if (served.size > MOST_TASKS) forgetFirst()
    },
    forget(what) {
      for (const [task, { key, held }] of served)
        if ('key' in what ? what.key === key : what.held === held) drop(task)
    },
    forgetFirst,
    count: () => served.size,
  }
}
