import { noted, ok, type DoctorCheck } from '../finding.ts'

/** Files that a service leaves when it has set the clock, or that show that it runs. */
const SIGNS = [
  '/run/systemd/timesync/synchronized',
  '/run/chrony/chronyd.pid',
  '/run/ntpd.pid',
  '/run/chronyd.pid',
]

/** The cure for a clock that is off. */
export const SET_CLOCK = 'systemctl enable --now systemd-timesyncd, or chrony'

/** The clock: logins and signatures are refused when it is minutes off. */
export const checkClock: DoctorCheck = async ({ host }) => {
  for (const path of SIGNS) {
    if ((await host.access(path)) !== undefined) return [ok(`a service keeps the clock right (${path})`)]
  }
  return [
    noted(
      'no service is known to keep the clock right; logins and signatures fail when it is minutes off',
      `compare it with date -u elsewhere; ${SET_CLOCK}`,
    ),
  ]
}
