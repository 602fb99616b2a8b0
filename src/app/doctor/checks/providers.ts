import type { ProviderInstance } from '../../../providers/define.ts'
import { askProvider, type CheckDeps } from '../../check/providers.ts'
import { failed, ok, type DoctorCheck } from '../finding.ts'

/** Returns the check that logs in to one provider, and reads no secret. */
export function providerCheck(
  instance: ProviderInstance,
  deps: Pick<CheckDeps, 'clock' | 'open'>,
): DoctorCheck {
  return async (_, signal) => {
    const { probe } = await askProvider(instance, [], deps, signal)
    if (probe.error === undefined) return [ok(`it answers, and accepts the credential (${probe.ms} ms)`)]
    return [failed(probe.error, 'see docs/guides/troubleshooting.md')]
  }
}
