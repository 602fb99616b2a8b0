import { formatPlace, isPlaceName, isProjectName } from '../../core/broker/place.ts'
import { ALL_SECRETS, type SecretPlace, type SecretRecord } from '../../core/broker/records.ts'
import type { BrokerAuditAction } from '../../core/broker/seams.ts'
import type { BrokerChange } from '../../core/ports/broker-store.ts'
import { LocketError, toLocketError } from '../../core/vocabulary/errors.ts'
import type { BrokerPorts } from './ports.ts'
import { referenceOf } from './read.ts'

/** Who calls the admin API. */
export interface Admin {
  /** `admin`, or the name of a person. */
  readonly actor: string
  readonly address: string
}

/** The secrets of a broker and the grants of its machines, as an operator changes them. */
export interface Catalog {
  list(project?: string): Promise<readonly SecretRecord[]>
  /**
   * Adds a name for a reference. Rejects with `config` or `ref_syntax` for a reference that no provider of
   * this broker reads, and with `usage` for a bad name or one that is taken.
   */
  add(admin: Admin, secret: SecretPlace & { readonly reference: string }): Promise<SecretRecord>
  /** Removes a secret with its grants. Rejects with `not_found`. */
  remove(admin: Admin, place: SecretPlace): Promise<void>
  grantsOf(machine: string): Promise<readonly SecretPlace[]>
  /** Lets a machine, by its name, read a secret, or with the name `*` all of a project. */
  grant(admin: Admin, machine: string, place: SecretPlace): Promise<void>
  /** Takes a grant away. Rejects with `not_found`. */
  revoke(admin: Admin, machine: string, place: SecretPlace): Promise<void>
}

/** The audit line, the log line and the announcement of a change. */
interface AdminChange {
  readonly action: BrokerAuditAction
  readonly target: string
  /** The machine and the secret that it is about, for the filters of the audit. */
  readonly machine?: string
  readonly secret?: string
  readonly announces?: BrokerChange
}

/** The parts that each change needs. */
type ChangePorts = Pick<BrokerPorts, 'clock' | 'audit' | 'emit' | 'store'>

/**
 * Makes a change: its audit line is durable before the change, and waiting machines hear of it afterwards.
 * `work` throws if nothing was changed: a second line tells it.
 */
export async function change<T>(
  { clock, audit, emit, store }: ChangePorts,
  { actor, address }: Admin,
  { announces, ...line }: AdminChange,
  work: () => Promise<T>,
): Promise<T> {
  const { action, target } = line
  const entry = { ...line, actor, address }
  await audit([{ ...entry, at: clock.now(), outcome: 'allowed', reason: 'admin' }])
  let result: T
  try {
    result = await work()
  } catch (thrown) {
    const reason = toLocketError(thrown).code
    await audit([{ ...entry, at: clock.now(), outcome: 'failed', reason }])
    throw thrown
  }
  emit('broker.changed', { action, target })
  if (announces !== undefined) await store.announce(announces)
  return result
}

/** Returns the catalog of a broker. */
export function createCatalog(ports: BrokerPorts): Catalog {
  const { store, clock } = ports

  async function idOf(name: string): Promise<string> {
    const machine = await store.machineNamed(name)
    if (machine === undefined) throw noMachine(name)
    return machine.id
  }

  return {
    list: (project) => store.secrets(project),

    async add(admin, { project, name, reference }) {
      checkPlace({ project, name })
      const { provider } = referenceOf({ reference }, ports.parseRef)
      const secret = { project, name, reference, createdAt: clock.now() }
      const target = formatPlace(secret)
      const announces = { kind: 'secret', project, name } as const
      return await change(
        ports,
        admin,
        { action: 'secret.add', target, secret: target, announces },
        async () => {
          if (await store.addSecret(secret)) return secret
          throw new LocketError('usage', `there is a secret ${target} already`, {
            hint: 'remove it first: its grants go with it',
            facts: { provider },
            names: ['provider'],
          })
        },
      )
    },

    async remove(admin, { project, name }) {
      const target = formatPlace({ project, name })
      const announces = { kind: 'secret', project, name } as const
      await change(ports, admin, { action: 'secret.remove', target, secret: target, announces }, async () => {
        if (!(await store.removeSecret({ project, name }))) throw noSecret({ project, name })
      })
    },

    grantsOf: async (machine) => await store.grantsOf(await idOf(machine)),

    async grant(admin, machine, { project, name }) {
      const id = await idOf(machine)
      await change(ports, admin, grantChange('grant.add', machine, id, { project, name }), async () => {
        const stored = await store.addGrant({ machine: id, project, name }, clock.now())
        if (stored === 'no-machine') throw noMachine(machine)
        if (stored === 'no-secret') throw noSecret({ project, name })
      })
    },

    async revoke(admin, machine, { project, name }) {
      const id = await idOf(machine)
      await change(ports, admin, grantChange('grant.remove', machine, id, { project, name }), async () => {
        if (!(await store.removeGrant({ machine: id, project, name })))
          throw new LocketError('not_found', `${machine} has no grant of ${project}/${name}`)
      })
    },
  }
}

function grantChange(
  action: BrokerAuditAction,
  machine: string,
  id: string,
  { project, name }: SecretPlace,
): AdminChange {
  const secret = formatPlace({ project, name })
  const announces = { kind: 'machine', machine: id } as const
  return { action, target: `${machine} ${secret}`, machine, secret, announces }
}

/** Throws `usage` for a project or a name that cannot be written in a reference. */
export function checkPlace({ project, name }: SecretPlace, { takesAll = false } = {}): void {
  if (!isProjectName(project)) throw badName('project', project, 63)
  if (!isPlaceName(name) && !(takesAll && name === ALL_SECRETS)) throw badName('secret', name, 127)
}

/** Returns the `usage` error for a name. */
export function badName(what: string, name: string, most: number): LocketError {
  return new LocketError(
    'usage',
    `${JSON.stringify(name.slice(0, 80))} is not allowed as the name of a ${what}`,
    {
      hint: `letters, digits, ".", "_" and "-", at most ${most}, starting with a letter or digit`,
    },
  )
}

/** Returns the `not_found` error for a machine. */
export function noMachine(name: string): LocketError {
  return new LocketError('not_found', `there is no machine ${JSON.stringify(name.slice(0, 80))}`, {
    hint: 'locket machine list shows all of them',
  })
}

/** Returns the `not_found` error for a secret, or for a project without secrets. */
export function noSecret({ project, name }: SecretPlace): LocketError {
  return new LocketError(
    'not_found',
    name === ALL_SECRETS ? `there is no project ${project}` : `there is no secret ${project}/${name}`,
    {
      hint: 'locket secret-ref add NAME REFERENCE --project PROJECT makes one',
    },
  )
}
