import { LocketError } from '../../core/vocabulary/errors.ts'
import { clearTmpfs } from '../sinks/volume.ts'
import { report, rootOf, type Driver } from './driver.ts'
import { observed, taskStarted, tmpfsOf } from './state.ts'
import type { Volume } from './volume-table.ts'

// How files are overwritten is in host/files/wipe.ts.

/**
 * Wipes and unmounts a volume that nobody uses, under the caller's lock. Never rejects: a failure is
 * reported, and tried again in the background until it works or the volume is mounted anew.
 */
export async function wipeVolume(driver: Driver, volume: Volume): Promise<void> {
  const root = rootOf(driver, volume.name)
  let isMounted = false
  try {
    await clearTmpfs(root, driver)
  } catch (thrown) {
    report(driver, volume, 'volume.wipe', thrown)
    isMounted = await driver.mounts.isMounted(root).catch(() => true)
  }
  driver.table.change(volume, (state) => observed(state, isMounted))
  if (tmpfsOf(volume.state)?.task !== undefined || !isMounted) return
  const task = retryWipe(driver, volume)
  driver.table.change(volume, (state) => taskStarted(state, task))
}

const FIRST_PAUSE_MS = 5000
const LONGEST_PAUSE_MS = 300_000

/** Wipes again after growing pauses. The volume's state disposes it when the tmpfs is gone. */
function retryWipe(driver: Driver, volume: Volume): AsyncDisposable {
  const ended = new AbortController()
  const signal = AbortSignal.any([ended.signal, driver.stopping])
  async function loop(): Promise<void> {
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
      await driver.clock.sleep(pauseMs, signal)
      await driver.locks.run(volume.name, signal, () => wipeAgain(driver, volume))
    }
  }
  loop().catch((thrown: unknown) => {
    if (!signal.aborted) report(driver, volume, 'volume.wipe', thrown)
  })
  return {
    async [Symbol.asyncDispose]() {
      ended.abort(new LocketError('aborted', 'the volume needs no other wipe'))
    },
  }
}

/** Under the volume's lock. */
async function wipeAgain(driver: Driver, volume: Volume): Promise<void> {
  await wipeVolume(driver, volume)
  if (tmpfsOf(volume.state) !== undefined) return
  driver.table.note(volume, { lastError: undefined })
  driver.emit('volume.wiped', { volume: volume.name })
}
