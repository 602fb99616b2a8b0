import type { PermissionRecord, PersonRecord } from '../../core/broker/people/people.ts'
import { isPersonName } from '../../core/broker/people/people.ts'
import { mustBeAdmin } from '../../core/broker/people/rights.ts'
import { isProjectName } from '../../core/broker/place.ts'
import { createToken, tokenHash } from '../../core/broker/tokens.ts'
import { LocketError } from '../../core/vocabulary/errors.ts'
import { change } from '../broker/catalog.ts'
import { mustBeFresh } from './fresh-login.ts'
import { checkPassword, type Login } from './login.ts'
import { actorOf, type DashboardPorts, type Visitor } from './ports.ts'
import type { Sessions, Visit } from './sessions.ts'

/** A link with which a person sets a password. It is good once, and shown once. */
export interface SetupLink {
  readonly token: string
  readonly expires: number
}

/** The rights of a person, as an administrator sets them. */
interface RightsOrder {
  readonly isAdmin: boolean
  readonly permissions: readonly PermissionRecord[]
}

/** The people who use the dashboard. All but the setup is for administrators, and rejects with `denied`. */
export interface People {
  list(visit: Visit): Promise<readonly PersonRecord[]>
  /** Resolves with a person and their permissions. Rejects with `not_found`. */
  show(
    visit: Visit,
    name: string,
  ): Promise<{ readonly person: PersonRecord; readonly permissions: readonly PermissionRecord[] }>
  /** Adds a person without rights. Rejects with `usage` for a bad or taken name. */
  add(visit: Visit, visitor: Visitor, name: string): Promise<SetupLink>
  /**
   * Makes another link, for a person who has lost the password. Rejects with `auth` if the login of the
   * administrator is not fresh: a link of their own would set a password without the present one.
   */
  link(visit: Visit, visitor: Visitor, name: string): Promise<SetupLink>
  /** Replaces the rights. Rejects with `usage` for the last administrator. */
  setRights(visit: Visit, visitor: Visitor, order: RightsOrder & { readonly name: string }): Promise<void>
  /**
   * Removes a person, ends the sessions, and takes the grants of their machines away: held watches of these
   * end at once. Rejects with `usage` for the last administrator.
   */
  remove(visit: Visit, visitor: Visitor, name: string): Promise<void>

  /**
   * Makes a link for the first administrator if there are no people, and keeps it in a file. `url`: the
   * address of the dashboard. The link is not logged: who reads the log must not become the administrator.
   */
  offerSetup(url: string): Promise<void>
  /** Resolves with the person whom a setup link is for, or `first`. Undefined: it is not good any more. */
  invited(token: string): Promise<PersonRecord | 'first' | undefined>
  /**
   * Uses a setup link up: sets the password, and logs the person in. `name` counts for the first
   * administrator only. Rejects with `auth` for a link that is not good, and with `usage`.
   */
  setUp(
    token: string,
    chosen: { readonly name: string; readonly password: string },
    visitor: Visitor,
  ): Promise<{ token: string; expires: number }>
}

/** Milliseconds that a setup link is good for. */
const LINK_MS = 24 * 3_600_000

/** Returns the people of the dashboard. */
export function createPeople(ports: DashboardPorts, login: Login, sessions: Sessions): People {
  const { people, clock, store } = ports

  async function find(name: string): Promise<PersonRecord> {
    const person = await people.personNamed(name)
    if (person !== undefined) return person
    throw new LocketError('not_found', `there is no person ${JSON.stringify(name.slice(0, 80))}`)
  }

  async function linkFor(person?: string): Promise<SetupLink> {
    const token = createToken('lp')
    const expires = clock.now() + LINK_MS
    const ticket = { hash: tokenHash(token), kind: 'setup', expires } as const
    await people.addTicket(person === undefined ? ticket : { ...ticket, person })
    return { token, expires }
  }

  function newPerson(name: string, isAdmin: boolean): PersonRecord {
    if (!isPersonName(name))
      throw new LocketError(
        'usage',
        `${JSON.stringify(name.slice(0, 80))} is not allowed as the name of a person`,
        {
          hint: 'letters, digits, "@", ".", "_", "+" and "-", at most 63, starting with a letter or digit',
        },
      )
    return { id: createToken('p'), name, isAdmin, hasPassword: false, createdAt: clock.now() }
  }

  async function invited(token: string): Promise<PersonRecord | 'first' | undefined> {
    const ticket = await people.ticket(tokenHash(token), clock.now())
    if (ticket?.kind !== 'setup') return undefined
    if (ticket.person !== undefined) return await people.person(ticket.person)
    return (await people.people()).length === 0 ? 'first' : undefined
  }

  /** Stores the first administrator. A second use of the link at the same time finds the person there. */
  async function addFirst(name: string): Promise<PersonRecord> {
    const person = newPerson(name, true)
    if (!(await people.addPerson(person, true))) throw badLink()
    await ports.keepFirstLink()
    return person
  }

  return {
    async list(visit) {
      mustBeAdmin(visit)
      return await people.people()
    },

    async show(visit, name) {
      mustBeAdmin(visit)
      const person = await find(name)
      return { person, permissions: await people.permissionsOf(person.id) }
    },

    async add(visit, visitor, name) {
      mustBeAdmin(visit)
      const person = newPerson(name, false)
      const what = { action: 'person.add', target: name } as const
      await change(ports, actorOf(visit.person, visitor), what, async () => {
        if (!(await people.addPerson(person)))
          throw new LocketError('usage', `there is a person ${name} already`)
      })
      return await linkFor(person.id)
    },

    async link(visit, visitor, name) {
      mustBeAdmin(visit)
      mustBeFresh(visit, clock)
      const { id } = await find(name)
      const what = { action: 'person.change', target: `${name} setup link` } as const
      return await change(ports, actorOf(visit.person, visitor), what, () => linkFor(id))
    },

    async setRights(visit, visitor, { name, isAdmin, permissions }) {
      mustBeAdmin(visit)
      const { id } = await find(name)
      const wrong = permissions.find(({ project }) => !isProjectName(project))
      if (wrong !== undefined) throw new LocketError('usage', 'a permission names no project')
      const words = permissions.map(({ project, permission }) => `${project}:${permission}`)
      const target = [name, ...(isAdmin ? ['administrator'] : []), ...words].join(' ').slice(0, 1000)
      const what = { action: 'person.change', target } as const
      await change(ports, actorOf(visit.person, visitor), what, async () => {
        if (!(await people.setPermissions(id, isAdmin, permissions))) throw lastAdmin(name)
      })
    },

    async remove(visit, visitor, name) {
      mustBeAdmin(visit)
      const { id } = await find(name)
      const what = { action: 'person.remove', target: name } as const
      const machines = await change(ports, actorOf(visit.person, visitor), what, async () => {
        const pruned = await people.removePerson(id)
        if (pruned === undefined) throw lastAdmin(name)
        return pruned
      })
      for (const machine of machines) await store.announce({ kind: 'machine', machine })
    },

    async offerSetup(url) {
      const link = (await people.people()).length === 0 ? await linkFor() : undefined
      const file = await ports.keepFirstLink(link && `${url}/setup?token=${link.token}`)
      if (file !== undefined) ports.emit('dashboard.setup', { file })
    },

    invited,

    async setUp(token, { name, password }, visitor) {
      const asked = await invited(token)
      if (asked === undefined) throw badLink()
      // Mistakes are told before the link is used up.
      checkPassword(password)
      if (asked === 'first') newPerson(name, true)
      if ((await people.takeTicket(tokenHash(token), clock.now())) === undefined) throw badLink()
      const person = asked === 'first' ? await addFirst(name) : asked
      const what = { action: 'person.setup', target: person.name } as const
      await change(ports, actorOf(person, visitor), what, () => login.setPassword(person, password))
      return await sessions.open(person, visitor, 'setup link')
    },
  }
}

function badLink(): LocketError {
  return new LocketError('auth', 'this setup link is not good any more', {
    hint: 'a link is good once and for 24 hours: ask an administrator for another one',
  })
}

function lastAdmin(name: string): LocketError {
  return new LocketError('usage', `${name} is the last administrator`, {
    hint: 'make another person an administrator first',
  })
}
