import type { ProviderInstance } from '../../../providers/define.ts'
import type { Hearing } from '../../access/tidings.ts'
import type { Trigger } from '../../renewal/renewal.ts'
import type { Driver } from '../driver.ts'
import type { Volume } from '../volume-table.ts'

/** Whether the providers of a volume tell their changes, so that the clock need not ask. */
interface Told {
  /** Fires when a value of the volume may have changed. */
  readonly trigger: Trigger
  /** True while they tell changes, and nothing in the volume changes by itself. */
  isTold(): boolean
  /** Call it when all values were asked for. */
  asked(): void
}

/** The rules by which a volume hears of changes. */
interface ToldRules {
  readonly tellers: readonly ProviderInstance[]
  /** Milliseconds after which the clock asks all the same. */
  readonly longestMs: number
}

/**
 * Returns the changes that the providers of a volume tell. A lease ends although nobody tells it: its volume
 * is asked for in time.
 */
export function createTold(
  { clients, clock }: Pick<Driver, 'clients' | 'clock'>,
  volume: Volume,
  { tellers, longestMs }: ToldRules,
): Told {
  let hearing: Hearing | undefined
  let askedAt = clock.elapsed()
  return {
    async trigger(fire) {
      const { name } = volume
      const joined = clients.follow(
        { kind: 'volume', name },
        tellers,
        (isAbout) => volume.activity.content?.refs.some((ref) => isAbout(ref)) !== false && fire(),
      )
      hearing = joined
      return { [Symbol.asyncDispose]: async () => joined[Symbol.dispose]() }
    },
    isTold() {
      const { leasedUntil, content } = volume.activity
      const isSteady = leasedUntil === undefined && content?.isSteady === true
      return hearing?.isLive() === true && isSteady && clock.elapsed() - askedAt < longestMs
    },
    asked: () => void (askedAt = clock.elapsed()),
  }
}
