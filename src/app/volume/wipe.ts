import type { VolumeConfig } from '../../config/volume/volume-config.ts'
import { LocketError } from '../../core/vocabulary/errors.ts'
import { clearTmpfs } from '../sinks/volume.ts'
import { configOf, report, rootOf, type Driver } from './driver.ts'
import { observed, taskStarted, tmpfsOf } from './state.ts'
import type { Volume } from './volume-table.ts'

// How files are overwritten is in host/files/overwrite.ts.

/**
 * Has the leases of a volume revoked in the background, those of an earlier process too. Nothing waits for
 * it.
 */
export function revokeLeases(driver: Driver, volume: Volume): void {
  driver.leases.release({ kind: 'volume', name: volume.name }, instancesOf(driver, volume))
}

function instancesOf(driver: Driver, volume: Volume): VolumeConfig['providers'] {
  try {
    return configOf(driver, volume).providers
  } catch {
    return []
  }
}

/**
 * Wipes and unmounts a volume without users, under the caller's lock. Never rejects: a failure is reported,
 * and the wipe is repeated in the background until it works or the volume is mounted again.
 */
export async function wipeVolume(driver: Driver, volume: Volume): Promise<void> {
  const root = rootOf(driver, volume.name)
  let isMounted = false
  revokeLeases(driver, volume)
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

/** Wipes once more, under the volume's lock, and reports a success. */
async function wipeAgain(driver: Driver, volume: Volume): Promise<void> {
  await wipeVolume(driver, volume)
  if (tmpfsOf(volume.state) !== undefined) return
  driver.table.note(volume, { lastError: undefined })
  driver.emit('volume.wiped', { volume: volume.name })
}
