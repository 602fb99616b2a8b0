import type { InstanceStatus } from '../access/instance-status.ts'
import { createShowAudit, type ShowAudit } from './audit-view.ts'
import { createDoor } from './door.ts'
import { createFleet, type Fleet } from './fleet.ts'
import { createLogin, type Login } from './login.ts'
import { createOutsideLogin, type OutsideLogin } from './outside-login.ts'
import { createPasskeys, type Passkeys } from './passkeys.ts'
import { createPeople, type People } from './people.ts'
import { createPolicyView, type PolicyView } from './policy-view.ts'
import type { DashboardPorts } from './ports.ts'
import { createProjects, type Projects } from './projects.ts'
import { createPeopleSessions, type Sessions, type Visit } from './sessions.ts'

/** The facts of the first page. */
interface Overview {
  /** Machines in each state. */
  readonly machines: ReadonlyMap<string, number>
  /** Enabled machines that have not asked for a day. */
  readonly unseen: number
  readonly projects: number
  readonly secrets: number
  /** Empty for everybody but administrators. */
  readonly providers: readonly InstanceStatus[]
}

/** The use cases of the dashboard. Each checks the rights of the person itself. */
export interface Dashboard extends Disposable {
  readonly sessions: Sessions
  readonly login: Login
  readonly passkeys: Passkeys
  /** Undefined: the operator has named no login service. */
  readonly outside: OutsideLogin | undefined
  readonly people: People
  readonly fleet: Fleet
  readonly projects: Projects
  readonly showAudit: ShowAudit
  readonly policy: PolicyView
  overview(visit: Visit): Promise<Overview>
}

const DAY_MS = 86_400_000

/** Makes the dashboard of a broker. Disposing ends its loop. */
export function createDashboard(ports: DashboardPorts): Dashboard {
  const sessions = createPeopleSessions(ports)
  const login = createLogin(ports, sessions)
  const projects = createProjects(ports)
  const door = createDoor(ports.clock)
  const { loginService } = ports
  return {
    sessions,
    login,
    projects,
    passkeys: createPasskeys(ports, sessions, door),
    outside: loginService && createOutsideLogin(ports, loginService, { sessions, door }),
    people: createPeople(ports, login, sessions),
    fleet: createFleet(ports),
    showAudit: createShowAudit(ports),
    policy: createPolicyView(ports),
    async overview(visit) {
      const { isAdmin, id } = visit.person
      const owner = isAdmin ? undefined : id
      const seen = await projects.list(visit)
      return {
        machines: await ports.people.machineCounts(owner),
        unseen: await ports.people.countUnseen(ports.clock.now() - DAY_MS, owner),
        projects: seen.length,
        secrets: seen.reduce((sum, { secrets }) => sum + secrets, 0),
        providers: isAdmin ? ports.providers() : [],
      }
    },
    [Symbol.dispose]: () => sessions[Symbol.dispose](),
  }
}
