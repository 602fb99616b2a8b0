import { parseMountId, parseVolumeName, type MountId } from '../../core/vocabulary/names.ts'
import { NEVER, report, type Driver } from './driver.ts'
import { mountEnded, tmpfsOf, useOf, usesOf } from './state.ts'
import type { Volume } from './volume-table.ts'
import { wipeVolume } from './wipe.ts'

/**
 * Ends one use of the mount ID. An unknown volume or ID is a success: the engine must never be blocked by
 * one.
 */
export async function unmountVolume(driver: Driver, nameText: string, idText: string): Promise<void> {
  const name = parseVolumeName(nameText)
  const mountId = parseMountId(idText)
  await driver.locks.run(name, NEVER, async () => {
    const volume = driver.table.find(name)
    if (volume !== undefined && useOf(volume.state, mountId) !== undefined)
      return releaseMount(driver, volume, mountId)
    driver.emit('volume.unmount.unknown', {
      volume: name,
      mountId,
    })
  })
}

/**
 * Ends one use of a mount ID, under the caller's lock, and with the last one removes the secrets. The record
 * is saved first: a crash after that leaves a tmpfs that restore wipes.
 */
export async function releaseMount(driver: Driver, volume: Volume, mountId: MountId): Promise<void> {
  const { name } = volume
  driver.table.change(volume, (state) => mountEnded(state, mountId))
  if (useOf(volume.state, mountId) !== undefined) return
  try {
    await driver.table.saveMounts([volume])
  } catch (thrown) {
    // The engine never repeats an Unmount, so the secrets are removed although the disk still has the record.
    report(driver, volume, 'volume.state', thrown)
  }
  // Never rejects. The line is written during the wipe, and is on disk before the answer.
  const noted = driver.audit.note({ action: 'unmount', volume: name, mountId })
  const left = usesOf(volume.state).length
  if (left > 0) {
    driver.emit('volume.unmounted.once', { volume: name, mountId, left })
    return await noted
  }
  await wipeVolume(driver, volume)
  await noted
  if (tmpfsOf(volume.state) === undefined) driver.emit('volume.unmounted', { volume: name, mountId })
}
