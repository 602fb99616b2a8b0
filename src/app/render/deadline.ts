import { LocketError } from '../../core/vocabulary/errors.ts'
import type { Clock } from '../../core/ports/clock.ts'

/**
 * Returns a signal that aborts with `timeout` after `ms` milliseconds, or when `parent` does. Dispose it, or
 * its timer lives on.
 */
export function openDeadline(
  ms: number,
  clock: Clock,
  parent: AbortSignal,
): Disposable & { readonly signal: AbortSignal } {
  const expired = new AbortController()
  const over = new AbortController()
  clock.sleep(ms, over.signal).then(
    () => expired.abort(new LocketError('timeout', `no answer within ${ms} ms`)),
    () => undefined,
  )
  return { signal: AbortSignal.any([parent, expired.signal]), [Symbol.dispose]: () => over.abort() }
}

const DEFAULT_MOUNT_MS = 25_000
const AFTER_BOOT_MOUNT_MS = 100_000
const AFTER_BOOT_MS = 600_000

/**
 * Returns the milliseconds that a mount may take. The defaults are below the engine's own limits: 30 s in an
 * engine that ran `plugin enable`, 120 s in one that started with the plugin enabled (moby
 * `daemon/volume/drivers/proxy.go`). The longer limit holds for 10 minutes after a boot: providers start
 * then, too, and a container whose mount failed stays down.
 */
export function mountTimeoutMs(chosenMs: number | undefined, uptimeMs: number): number {
  if (chosenMs !== undefined) return chosenMs
  return uptimeMs < AFTER_BOOT_MS ? AFTER_BOOT_MOUNT_MS : DEFAULT_MOUNT_MS
}
