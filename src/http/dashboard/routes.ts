import { ACCOUNT_ROUTES } from './pages/account.ts'
import { AUDIT_ROUTES } from './pages/audit.ts'
import { DOCKER_ROUTES } from './pages/docker.ts'
import { LOGIN_ROUTES } from './pages/login.ts'
import { MACHINE_ROUTES } from './pages/machine.ts'
import { MACHINES_ROUTES } from './pages/machines.ts'
import { OUTSIDE_ROUTES } from './pages/outside.ts'
import { OVERVIEW_ROUTES } from './pages/overview.ts'
import { PASSKEY_ROUTES } from './pages/passkeys.ts'
import { PEOPLE_ROUTES } from './pages/people.ts'
import { POLICY_ROUTES } from './pages/policy.ts'
import { PROJECT_ROUTES } from './pages/projects.ts'
import type { Route } from './route.ts'

/** Every route of the dashboard. */
export const ROUTES: readonly Route[] = [
  ...LOGIN_ROUTES,
  ...OVERVIEW_ROUTES,
  ...MACHINES_ROUTES,
  ...MACHINE_ROUTES,
  ...DOCKER_ROUTES,
  ...PROJECT_ROUTES,
  ...PEOPLE_ROUTES,
  ...AUDIT_ROUTES,
  ...POLICY_ROUTES,
  ...ACCOUNT_ROUTES,
  ...PASSKEY_ROUTES,
  ...OUTSIDE_ROUTES,
]
