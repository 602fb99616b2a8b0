import { LocketError } from '../../core/vocabulary/errors.ts'
import { parseVolumeName } from '../../core/vocabulary/names.ts'
import { rootOf, type Driver } from './driver.ts'
import { mountsDropped, observed, tmpfsOf, usesOf } from './state.ts'
import { wipeVolume } from './wipe.ts'

/**
 * Removes a volume. The engine calls this only when no container uses it, so remaining references are stale.
 * An unknown volume is a success: the request may be a repetition. Rejects with `mount_failed` when the tmpfs
 * cannot be unmounted.
 */
export async function removeVolume(driver: Driver, nameText: string, signal: AbortSignal): Promise<void> {
  const name = parseVolumeName(nameText)
  await driver.locks.run(name, signal, async () => {
    const volume = driver.table.find(name)
    if (volume === undefined) return
    const mountIds = usesOf(volume.state).map(({ id }) => id)
    if (mountIds.length > 0) {
      driver.emit('volume.stale', {
        volume: name,
        mountIds,
      })
    }
    // First, as in an Unmount: otherwise a crash half-way leaves a reference to files that are wiped.
    await driver.table.commit(volume, mountsDropped)
    const isMounted = await driver.mounts.isMounted(rootOf(driver, name))
    driver.table.change(volume, (state) => observed(state, isMounted))
    if (isMounted) await wipeVolume(driver, volume)
    if (tmpfsOf(volume.state) !== undefined) {
      const reason = volume.activity.lastError ?? 'see the log'
      throw new LocketError('mount_failed', `volume ${name} cannot be unmounted: ${reason}`, {
        facts: { volume: name },
        names: ['volume'],
      })
    }
    await driver.lastGood.forget(name)
    await driver.table.remove(volume)
    await driver.clients.release({ kind: 'volume', name })
    driver.audit.forget(name)
    driver.emit('volume.removed', { volume: name })
    await driver.audit.note({ action: 'remove', volume: name })
  })
}
