import { formatError } from '../../core/vocabulary/errors.ts'
import { createFingerprints } from '../../core/vocabulary/fingerprint.ts'
import type { Machine } from '../machine.ts'
import type { CommandLeases } from '../leases/command-leases.ts'
import type { VersionsOf } from '../renewal/placed-versions.ts'
import { createCommandRefresh, type FollowChanges, type RefreshSettings } from '../renewal/command-refresh.ts'
import { openRenewal } from '../renewal/renewal.ts'
import { createUrgency } from '../renewal/urgency.ts'
import type { BlindGate } from './gate.ts'
import type { BlindSource, BlindValues } from './values.ts'

/** The parts of a session of blind mode. */
export interface SessionPorts extends Pick<Machine, 'clock' | 'emit' | 'watch'> {
  readonly source: BlindSource
  readonly gate: BlindGate
  /** Hears of changes from the providers. */
  readonly follow: FollowChanges
  readonly versionsOf: VersionsOf
  /** The leases of the values. The caller ends them. */
  readonly leases: CommandLeases
  /** Forgets the values that the providers keep, before a refresh. */
  readonly forgetValues: () => void
}

/**
 * Gives the values to the gate, and asks for them again as often as `refreshing` says, until the signal
 * aborts. Resolves when the last request for values has ended.
 */
export async function followValues(
  first: BlindValues,
  refreshing: RefreshSettings,
  { clock, emit, watch, follow, versionsOf, leases, source, gate, forgetValues }: SessionPorts,
  signal: AbortSignal,
): Promise<void> {
  const fingerprints = createFingerprints()
  const printsOf = ({ secrets }: BlindValues): ReadonlyMap<string, string> =>
    new Map(secrets.map(({ name, value }) => [name, fingerprints.of([[name, value]])]))
  let prints = printsOf(first)
  gate.use(first.secrets)
  const urgency = createUrgency()
  const failed = (facts: { readonly code: string; readonly error: string }) => emit('blind.kept', facts)
  const refresh = createCommandRefresh(
    refreshing,
    { clock, watch, follow, versionsOf },
    {
      forget: forgetValues,
      failed: (error) => failed({ code: error.code, error: formatError(error) }),
    },
  )
  await using renewal = await openRenewal(
    {
      triggers: [refresh.trigger, leases.trigger(() => refresh.demand())],
      failed,
      recovered: () => emit('blind.refreshed', { changed: 0 }),
    },
    clock,
  )
  await refresh.begin().done(first.refs, first)
  await renewal.follow(
    () =>
      urgency.run(signal, async (run) => {
        const turn = refresh.begin()
        const values = await source.fetch(run.signal, true)
        const next = printsOf(values)
        const changed = [...next].filter(([name, print]) => prints.get(name) !== print).length
        if (changed > 0) {
          gate.use(values.secrets)
          prints = next
          emit('blind.refreshed', { changed })
        } else for (const { value } of values.secrets) value.wipe()
        await turn.done(values.refs, values)
        return undefined
      }),
    { signal },
  )
}
