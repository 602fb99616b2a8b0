import type { ListedProject } from '../../core/broker/people/people-store.ts'
import { may, maySee, mustBeAdmin } from '../../core/broker/people/rights.ts'
import type { SecretPlace, SecretRecord } from '../../core/broker/records.ts'
import { LocketError } from '../../core/vocabulary/errors.ts'
import { actorOf, type DashboardPorts, type Visitor } from './ports.ts'
import type { Visit } from './sessions.ts'

/** A project with all that its page shows. */
interface ShownProject {
  readonly secrets: readonly SecretRecord[]
  /** Machines with a grant of the project, at most 20; empty for everybody but administrators. */
  readonly machines: readonly string[]
}

/** Projects and their secrets, as a person may see and change them. Values are not among them. */
export interface Projects {
  list(visit: Visit): Promise<readonly ListedProject[]>
  /** The projects in which the person may provision machines. */
  provisionable(visit: Visit): Promise<readonly string[]>
  /** Rejects with `not_found`, also for a project that the person may not see. */
  show(visit: Visit, project: string): Promise<ShownProject>
  /**
   * Adds a secret, and its project if that is missing. For administrators: a reference can name everything
   * that the providers of the broker read. Rejects with `usage`, `config` and `ref_syntax`.
   */
  add(visit: Visit, visitor: Visitor, secret: SecretPlace & { readonly reference: string }): Promise<void>
  /** For administrators. Removes a secret with its grants. */
  remove(visit: Visit, visitor: Visitor, place: SecretPlace): Promise<void>
}

const MOST_MACHINES = 20

/** Returns the projects of the dashboard. */
export function createProjects({ broker, people }: DashboardPorts): Projects {
  return {
    list: async (visit) => (await people.projects()).filter(({ name }) => maySee(visit, name)),

    async provisionable(visit) {
      const all = await people.projects()
      return all.map(({ name }) => name).filter((name) => may(visit, 'provision', name))
    },

    async show(visit, project) {
      const secrets = maySee(visit, project) ? await broker.catalog.list(project) : []
      const isThere =
        secrets.length > 0 ||
        (maySee(visit, project) && (await people.projects()).some(({ name }) => name === project))
      if (!isThere)
        throw new LocketError('not_found', `there is no project ${JSON.stringify(project.slice(0, 80))}`)
      return {
        secrets,
        machines: visit.person.isAdmin ? await people.machinesOf(project, MOST_MACHINES) : [],
      }
    },

    async add(visit, visitor, secret) {
      mustBeAdmin(visit)
      await broker.catalog.add(actorOf(visit.person, visitor), secret)
    },

    async remove(visit, visitor, place) {
      mustBeAdmin(visit)
      await broker.catalog.remove(actorOf(visit.person, visitor), place)
    },
  }
}
