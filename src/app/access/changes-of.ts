import type { Caller } from '../../core/vocabulary/caller.ts'
import type { ProviderInstance } from '../../providers/define.ts'
import type { Clients } from './clients.ts'
import type { SecretRef } from '../../core/vocabulary/ref.ts'
import type { HearChange, Hearing } from './tidings.ts'

/** Returns `Clients.follow` and `Clients.versionsOf` of one caller, `follow` for instances by their names. */
export function changesOf(
  clients: Pick<Clients, 'follow' | 'versionsOf'>,
  caller: Caller,
  instances: readonly ProviderInstance[],
) {
  return {
    follow: (names: readonly string[], hear: HearChange): Hearing =>
      clients.follow(
        caller,
        instances.filter(({ name }) => names.includes(name)),
        hear,
      ),
    versionsOf: (refs: readonly SecretRef[], signal: AbortSignal): Promise<string | undefined> =>
      clients.versionsOf(caller, instances, { refs, signal }),
  }
}
