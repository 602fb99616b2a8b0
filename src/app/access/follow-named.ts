import type { Caller } from '../../core/vocabulary/caller.ts'
import type { ProviderInstance } from '../../providers/define.ts'
import type { Clients } from './clients.ts'
import type { HearChange, Hearing } from './tidings.ts'

/** Returns `Clients.follow` for those of the instances that have the names. */
export function followNamed(
  clients: Pick<Clients, 'follow'>,
  caller: Caller,
  instances: readonly ProviderInstance[],
): (names: readonly string[], hear: HearChange) => Hearing {
  return (names, hear) =>
    clients.follow(
      caller,
      instances.filter(({ name }) => names.includes(name)),
      hear,
    )
}
