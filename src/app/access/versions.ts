import type { Clock } from '../../core/ports/clock.ts'
import type { SecretRef } from '../../core/vocabulary/ref.ts'
import { createSingleFlight } from '../../core/waiting/single-flight.ts'
import type { ProviderClient, VersionOf } from '../../providers/define.ts'

/** The versions of the secrets of one provider instance. All callers share one question. */
export interface Versions {
  /**
   * Returns one text for all of these references, which is another one when a value may have changed.
   * Undefined: the provider has no cheaper question than the one for the values, or does not know one of
   * them, or cannot be asked.
   */
  textOf(refs: readonly SecretRef[], signal: AbortSignal): Promise<string | undefined>
  /** Forgets the last answer. */
  expire(): void
}

/** Makes the versions of one instance. An answer is used for `ttlMs` milliseconds. */
export function createVersions(
  open: () => Promise<Pick<ProviderClient, 'versions'>>,
  { ttlMs, clock }: { readonly ttlMs: number; readonly clock: Clock },
): Versions {
  const questions = createSingleFlight<VersionOf | undefined>()
  let last: { readonly at: number; readonly versionOf: VersionOf } | undefined

  async function ask(signal: AbortSignal): Promise<VersionOf | undefined> {
    const at = clock.elapsed()
    if (last !== undefined && at - last.at < ttlMs) return last.versionOf
    const versionOf = await questions.run('', signal, async (shared) => (await open()).versions?.(shared))
    if (versionOf !== undefined) last = { at, versionOf }
    return versionOf
  }

  return {
    async textOf(refs, signal) {
      // The question for the values follows a failure, and reports it with its references.
      const versionOf = await ask(signal).catch(() => undefined)
      const versions = refs.map((ref) => versionOf?.(ref))
      return versions.includes(undefined) ? undefined : JSON.stringify(versions)
    },
    expire: () => void (last = undefined),
  }
}
