import { report, rootOf, type Driver } from './driver.ts'
import { clearTmpfs } from '../sinks/volume.ts'
import type { Volume } from './volume-table.ts'

/** Wipes and unmounts under the caller's lock. What fails is told, and tried again in the background until it works or the volume is mounted anew. */
export async function wipeVolume(driver: Driver, volume: Volume): Promise<void> {
  const root = rootOf(driver, volume.record.name)
  // Nothing that fails here may keep secrets from being wiped.
  await Promise.allSettled([volume.following?.[Symbol.asyncDispose]()])
  volume.following = undefined
  try {
    await clearTmpfs(root, driver)
    volume.adopted = false
    volume.mounted = false
    volume.mountWarnings = []
  } catch (thrown) {
    report(driver, volume, 'volume.wipe', thrown)
    volume.mounted = await driver.mounts.isMounted(root).catch(() => true)
    if (volume.mounted && !volume.wipingLater) void wipeLater(driver, volume)
  }
}

const FIRST_PAUSE_MS = 5000
const LONGEST_PAUSE_MS = 300_000

/** One at a time for a volume, however often it is mounted and unmounted meanwhile. */
async function wipeLater(driver: Driver, volume: Volume): Promise<void> {
  volume.wipingLater = true
  try {
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
      await driver.clock.sleep(pauseMs, driver.stopping)
      if (await driver.locks.run(volume.record.name, driver.stopping, () => wipeAgain(driver, volume))) return
    }
  } catch (thrown) {
    if (!driver.stopping.aborted) report(driver, volume, 'volume.wipe', thrown)
  } finally {
    volume.wipingLater = false
  }
}

/** True when there is nothing left to do. */
async function wipeAgain(driver: Driver, volume: Volume): Promise<boolean> {
  const { name, mounts } = volume.record
  if (driver.table.find(name) !== volume || !volume.mounted || mounts.length > 0) return true
  await wipeVolume(driver, volume)
  if (volume.mounted) return false
  volume.lastError = undefined
  driver.emit('volume.wiped', { volume: name })
  return true
}

/** A mount that nothing refers to, left by a wipe that failed: it never makes the next Mount fail. */
export async function clearLeftover(driver: Driver, volume: Volume): Promise<void> {
  const root = rootOf(driver, volume.record.name)
  try {
    await clearTmpfs(root, driver)
  } catch (thrown) {
    report(driver, volume, 'volume.wipe', thrown)
  }
  volume.mounted = await driver.mounts.isMounted(root).catch(() => true)
}
