import { timestamp, timeText, type Driver } from '../driver.ts'
import type { Volume } from '../volume-table.ts'

/** Notes that the files may be old, from the first failure on. */
export function noteStale(driver: Driver, volume: Volume): void {
  driver.table.note(volume, { staleSince: volume.activity.staleSince ?? timestamp(driver) })
}

/**
 * Notes that the files have the values that the providers have now, or had at `askedAt`, in milliseconds
 * since the epoch.
 */
export function noteCurrent(driver: Driver, volume: Volume, askedAt: number = driver.clock.now()): void {
  const wasStale = volume.activity.outage !== undefined
  const current = { lastError: undefined, postponed: undefined, staleSince: undefined, outage: undefined }
  driver.table.note(volume, { lastRender: timeText(askedAt), ...current })
  if (wasStale) driver.emit('volume.cache.over', { volume: volume.name })
}
