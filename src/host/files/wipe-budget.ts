import { setImmediate as nextTurn } from 'node:timers/promises'

/** How long one wipe may take. A container that still writes must not keep an Unmount from its end. */
export interface WipeBudget {
  /** False: files are cut to nothing without being overwritten. */
  mayOverwrite(): boolean
  /** False: what is left stays, and goes with its tmpfs. */
  mayGoOn(): boolean
  /** Lets the event loop go on when this work has held it for 5 ms. */
  pause(): Promise<void>
  /** The same again from now on. */
  renewed(): WipeBudget
}

const OVERWRITE_MS = 5000
const WIPE_MS = 10_000
const TURN_MS = 5

export function openWipeBudget(): WipeBudget {
  const start = performance.now()
  let turn = start
  const isWithin = (ms: number) => performance.now() - start < ms
  return {
    mayOverwrite: () => isWithin(OVERWRITE_MS),
    mayGoOn: () => isWithin(WIPE_MS),
    async pause() {
      if (performance.now() - turn < TURN_MS) return
      await nextTurn()
      turn = performance.now()
    },
    renewed: openWipeBudget,
  }
}
