import { report, rootOf, type Driver } from './driver.ts'
import { clearMount } from './provision.ts'
import type { Volume } from './volume-table.ts'

/** Wipes and unmounts under the caller's lock. What fails is told, and tried again in the background until it works or the volume is mounted anew. */
export async function wipeVolume(driver: Driver, volume: Volume): Promise<void> {
  await volume.following?.[Symbol.asyncDispose]()
  volume.following = undefined
  try {
    await clearMount(rootOf(driver, volume.record.name), driver)
    volume.adopted = false
    volume.mounted = false
    volume.mountWarnings = []
  } catch (thrown) {
    report(driver, volume, 'volume.wipe', thrown)
    volume.mounted = await driver.mounts.isMounted(rootOf(driver, volume.record.name))
    if (volume.mounted) void wipeLater(driver, volume)
  }
}

const WIPE_AGAIN_MS = 5000

async function wipeLater(driver: Driver, volume: Volume): Promise<void> {
  const { name } = volume.record
  try {
    await driver.clock.sleep(WIPE_AGAIN_MS, driver.stopping)
    await driver.locks.run(name, driver.stopping, async () => {
      if (driver.table.find(name) === volume && volume.mounted && volume.record.mounts.length === 0) {
        await wipeVolume(driver, volume)
      }
    })
  } catch (thrown) {
    if (!driver.stopping.aborted) report(driver, volume, 'volume.wipe', thrown)
  }
}

/** A mount that nothing refers to, left by a wipe that failed: it never makes the next Mount fail. */
export async function clearLeftover(driver: Driver, volume: Volume): Promise<void> {
  try {
    await clearMount(rootOf(driver, volume.record.name), driver)
  } catch (thrown) {
    report(driver, volume, 'volume.wipe', thrown)
  }
  volume.mounted = false
}
