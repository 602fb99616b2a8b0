import { LocketError } from '../../core/vocabulary/errors.ts'
import type { Clock } from '../../core/ports/clock.ts'
import type { Machine } from '../machine.ts'
import { OVER } from '../../core/waiting/over.ts'

/** For one rendering of a command, all providers together. */
export const RENDER_TIMEOUT_MS = 30_000

/**
 * Aborts with a `timeout` after `ms`, or when `parent` does. The caller must dispose of it, or its timer
 * lives on.
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
  return { signal: AbortSignal.any([parent, expired.signal]), [Symbol.dispose]: () => over.abort(OVER) }
}

const DEFAULT_MOUNT_MS = 25_000
const AFTER_BOOT_MOUNT_MS = 100_000
const AFTER_BOOT_MS = 600_000

/**
 * How long a mount may take, in milliseconds. The defaults are below the limits of the engine: 30 s in an
 * engine that ran `plugin enable`, 120 s in one that started with the plugin enabled (moby
 * `daemon/volume/drivers/proxy.go`). After a boot the longer one keeps containers from staying down.
 */
export function mountTimeoutMs(chosenMs: number | undefined, uptimeMs: number): number {
  if (chosenMs !== undefined) return chosenMs
  return uptimeMs < AFTER_BOOT_MS ? AFTER_BOOT_MOUNT_MS : DEFAULT_MOUNT_MS
}

/**
 * True: a credential file that is missing may still come, so it is waited for. That is so for ten minutes
 * after a boot, when the disk or the service that holds it may be late, and for a file that this process has
 * read before. A file that was never there is a misspelled path, or nobody has stored a secret yet.
 */
export function mayCredentialCome(
  { facts: { path } }: LocketError,
  { host, sources }: Pick<Machine, 'host' | 'sources'>,
): boolean {
  return host.uptimeMs() < AFTER_BOOT_MS || (path !== undefined && sources.wasRead(path))
}
