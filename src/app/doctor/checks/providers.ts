import type { ProviderInstance } from '../../../providers/define.ts'
import { askProvider, type CheckDeps } from '../../check/providers.ts'
import { formatTimeLeft } from '../../../core/text/units.ts'
import { SET_CLOCK } from './clock.ts'
import { failed, ok, problem, type DoctorCheck, type Finding } from '../finding.ts'

/**
 * Returns the check that logs in to one provider, and reads no secret. The time of its answer shows a clock
 * that is off, which is often why a login is refused.
 */
export function providerCheck(
  instance: ProviderInstance,
  deps: Pick<CheckDeps, 'clock' | 'open'>,
): DoctorCheck {
  return async (_, signal) => {
    const { probe } = await askProvider(instance, [], deps, signal)
    const { error, ms, clockOffMs } = probe
    const login =
      error === undefined
        ? ok(`it answers, and accepts the credential (${ms} ms)`)
        : failed(error, 'see docs/guides/troubleshooting.md')
    return clockOffMs === undefined ? [login] : [login, offBy(clockOffMs)]
  }
}

function offBy(ms: number): Finding {
  const off = `${formatTimeLeft(Math.abs(ms))} ${ms > 0 ? 'fast' : 'slow'}`
  return problem(`the clock of this host is ${off}, by the time of its answer`, SET_CLOCK)
}
