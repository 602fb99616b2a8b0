import type { ListedMachine } from '../../core/broker/people/people-store.ts'
import { mayGive, mustBeAdmin, mustHave, owns } from '../../core/broker/people/rights.ts'
import { isProjectName } from '../../core/broker/place.ts'
import type { MachineRecord, MachineState, SecretPlace } from '../../core/broker/records.ts'
import { createToken, tokenHash } from '../../core/broker/tokens.ts'
import { LocketError } from '../../core/vocabulary/errors.ts'
import { badName, change, noMachine } from '../broker/catalog.ts'
import type { MachineAdded } from '../broker/machines.ts'
import { actorOf, type DashboardPorts, type Visitor } from './ports.ts'
import type { Visit } from './sessions.ts'

/** A machine with all that its page shows. */
interface ShownMachine {
  readonly machine: MachineRecord
  readonly grants: readonly SecretPlace[]
  /** The name of its owner; undefined if it belongs to the administrators. */
  readonly owner: string | undefined
  /** The person may give it access: enable it, rename it, grant secrets. */
  readonly mayGive: boolean
}

/** A page of machines. */
interface MachinePage {
  readonly machines: readonly ListedMachine[]
  /** The name after which the next page begins. Undefined: this is the last one. */
  readonly next: string | undefined
}

/** The machines as a person may see and change them: administrators all, others their own. */
export interface Fleet {
  page(
    visit: Visit,
    question: { readonly after: string; readonly search: string; readonly state?: MachineState | undefined },
  ): Promise<MachinePage>
  /** Rejects with `not_found`, also for a machine of somebody else. */
  show(visit: Visit, name: string): Promise<ShownMachine>
  /**
   * Rejects with `usage` for a bad or taken name. Only an administrator uses a name again that the audit has.
   */
  rename(visit: Visit, visitor: Visitor, to: { readonly name: string; readonly next: string }): Promise<void>
  /** Owners disable; only an administrator enables, because an administrator may have disabled it. */
  setState(
    visit: Visit,
    visitor: Visitor,
    to: { readonly name: string; readonly state: 'enabled' | 'disabled' },
  ): Promise<void>
  /** Takes all grants away. */
  revokeAll(visit: Visit, visitor: Visitor, name: string): Promise<void>
  remove(visit: Visit, visitor: Visitor, name: string): Promise<void>
  grant(
    visit: Visit,
    visitor: Visitor,
    to: { readonly name: string; readonly place: SecretPlace },
  ): Promise<void>
  revoke(
    visit: Visit,
    visitor: Visitor,
    to: { readonly name: string; readonly place: SecretPlace },
  ): Promise<void>
  /**
   * Makes a machine with a key, the grants, and a bundle for one download. Needs the permission *Manage
   * provisioned machines* on the project. An empty name gets one.
   */
  provision(
    visit: Visit,
    visitor: Visitor,
    order: { readonly name: string; readonly project: string; readonly secrets: readonly string[] },
  ): Promise<MachineAdded>
  /** Resolves with the machine and the end of a bundle that was not downloaded yet. */
  bundle(token: string): Promise<{ readonly name: string; readonly expires: number } | undefined>
  /** Deletes a bundle and resolves with it: a ZIP archive to wipe. Rejects with `not_found`. */
  download(
    visit: Visit,
    visitor: Visitor,
    token: string,
  ): Promise<{ readonly name: string; readonly zip: Uint8Array }>
}

const PAGE = 50
const MOST_SECRETS = 1000

/** Returns the machines of the dashboard. */
export function createFleet(ports: DashboardPorts): Fleet {
  const { broker, people, store, clock } = ports

  async function own(visit: Visit, name: string): Promise<MachineRecord> {
    const machine = await broker.machines.show(name)
    if (!owns(visit, machine)) throw noMachine(name)
    return machine
  }

  /** Rejects with `denied` for a person who may not give this machine access. */
  async function givable(visit: Visit, name: string): Promise<MachineRecord> {
    const machine = await own(visit, name)
    if (mayGive(visit, machine, await store.grantsOf(machine.id))) return machine
    throw new LocketError('denied', 'you need "Manage provisioned machines" on each project of this machine')
  }

  return {
    async page(visit, { after, search, state }) {
      const owner = visit.person.isAdmin ? undefined : visit.person.id
      const found = await people.machinePage({ after, search, state, owner, most: PAGE + 1 })
      const machines = found.slice(0, PAGE)
      return { machines, next: found.length > PAGE ? machines.at(-1)?.name : undefined }
    },

    async show(visit, name) {
      const machine = await own(visit, name)
      const grants = await store.grantsOf(machine.id)
      const owner = machine.owner === undefined ? undefined : await people.person(machine.owner)
      return { machine, grants, owner: owner?.name, mayGive: mayGive(visit, machine, grants) }
    },

    async rename(visit, visitor, { name, next }) {
      const { id } = await givable(visit, name)
      if (!isProjectName(next)) throw badName('machine', next, 63)
      // The owner of a machine sees all lines of its name, which must not be those of another machine.
      if (!visit.person.isAdmin && (await broker.audit.list({ machine: next }, 1)).rows.length > 0)
        throw new LocketError('usage', `there is or was another machine ${next}`, {
          hint: 'only an administrator can use its name again',
        })
      const what = { action: 'machine.rename', target: `${name} ${next}`, machine: name } as const
      await change(ports, actorOf(visit.person, visitor), what, async () => {
        if (!(await people.renameMachine(id, next)))
          throw new LocketError('usage', `there is a machine ${next} already`)
      })
    },

    async setState(visit, visitor, { name, state }) {
      await own(visit, name)
      if (state === 'enabled') mustBeAdmin(visit)
      await broker.machines.setState(actorOf(visit.person, visitor), name, state)
    },

    async revokeAll(visit, visitor, name) {
      const { id } = await own(visit, name)
      const announces = { kind: 'machine', machine: id } as const
      const what = { action: 'grant.clear', target: name, machine: name, announces } as const
      await change(ports, actorOf(visit.person, visitor), what, () => people.clearGrants(id))
    },

    async remove(visit, visitor, name) {
      await own(visit, name)
      await broker.machines.remove(actorOf(visit.person, visitor), name)
    },

    async grant(visit, visitor, { name, place }) {
      await own(visit, name)
      mustHave(visit, 'provision', place.project)
      await broker.catalog.grant(actorOf(visit.person, visitor), name, place)
    },

    async revoke(visit, visitor, { name, place }) {
      await own(visit, name)
      await broker.catalog.revoke(actorOf(visit.person, visitor), name, place)
    },

    async provision(visit, visitor, { name, project, secrets }) {
      mustHave(visit, 'provision', project)
      if (secrets.length === 0) throw new LocketError('usage', 'tick at least one secret')
      if (secrets.length > MOST_SECRETS)
        throw new LocketError('usage', `a machine is provisioned with at most ${MOST_SECRETS} secrets`)
      return await broker.machines.add(actorOf(visit.person, visitor), {
        name: name === '' ? `container-${createToken('c').slice(2, 10)}` : name,
        grants: secrets.map((secret) => ({ project, name: secret })),
        cidrs: [],
        how: 'bundle',
        needsApproval: false,
        owner: visit.person.id,
      })
    },

    bundle: (token) => people.bundle(tokenHash(token), clock.now()),

    async download(visit, visitor, token) {
      const known = await people.bundle(tokenHash(token), clock.now())
      if (known !== undefined) await own(visit, known.name)
      const name = known?.name ?? 'bundle'
      return { name, zip: await broker.machines.download(actorOf(visit.person, visitor), token) }
    },
  }
}
