import { parseCidr } from '../../core/broker/addresses.ts'
import { openBundle, sealBundle } from '../../core/broker/sealed/bundle.ts'
import {
  BUNDLE_FOLDER,
  formatIdentity,
  IDENTITY_FILES,
  vaultIdOf,
  type MachineIdentity,
} from '../../core/broker/identity-file.ts'
import {
  createSigningKey,
  keyFingerprint,
  privateKeyPem,
  rawPublicKey,
  sealingKeyOf,
  toBase64,
} from '../../core/broker/keys.ts'
import { isProjectName } from '../../core/broker/place.ts'
import type { MachineRecord, SecretPlace } from '../../core/broker/records.ts'
import { createMachineId, createToken, tokenHash } from '../../core/broker/tokens.ts'
import type { NewMachine } from '../../core/ports/broker-store.ts'
import { LocketError } from '../../core/vocabulary/errors.ts'
import { badName, change, checkPlace, noMachine, noSecret, type Admin } from './catalog.ts'
import type { BrokerPorts } from './ports.ts'

/** A machine to add. */
export interface MachineOrder {
  readonly name: string
  /** The secrets that it may read. */
  readonly grants: readonly SecretPlace[]
  readonly cidrs: readonly string[]
  /** The moment after which it gets no answers. */
  readonly notAfter?: number | undefined
  /** `enrol`: the machine makes its key and brings it. `bundle`: the broker makes the key, for a download. */
  readonly how: 'enrol' | 'bundle'
  /** The machine waits for `enable` after its enrolment, so that a person can compare fingerprints. */
  readonly needsApproval: boolean
  /** The id of the person who provisions it. */
  readonly owner?: string | undefined
}

/** A machine that was added, and the token with which it gets its identity. The token is good once. */
export interface MachineAdded {
  readonly machine: MachineRecord
  readonly token: string
  /** The moment after which the token is not good any more. */
  readonly expires: number
  /** The address of the broker, for `locket enrol`. */
  readonly url: string
}

/** The machines of a broker, as an operator changes them. */
export interface Machines {
  list(): Promise<readonly MachineRecord[]>
  /** Resolves with the machine of this name. Rejects with `not_found`. */
  show(name: string): Promise<MachineRecord>
  /** Rejects with `usage` for a bad or taken name, a bad network or moment, and with `not_found`. */
  add(admin: Admin, order: MachineOrder): Promise<MachineAdded>
  /** Enables or disables a machine. A held watch of it ends at once. Rejects with `not_found`, `usage`. */
  setState(admin: Admin, name: string, state: 'enabled' | 'disabled'): Promise<void>
  /** Removes a machine with its grants. Rejects with `not_found`. */
  remove(admin: Admin, name: string): Promise<void>
  /** Deletes a bundle and resolves with it: a ZIP archive to wipe. Rejects with `not_found`. */
  download(admin: Admin, token: string): Promise<Uint8Array>
}

/** Milliseconds that a token for an enrolment, and a bundle, are good for. */
const TICKET_MS = 15 * 60_000
const MOST_CIDRS = 32

/** Returns the machines of a broker. */
export function createMachines(ports: BrokerPorts): Machines {
  const { store, clock, settings, keys } = ports

  async function find(name: string): Promise<MachineRecord> {
    const machine = await store.machineNamed(name)
    if (machine === undefined) throw noMachine(name)
    return machine
  }

  function ticketFor(machine: MachineRecord, { how, needsApproval }: MachineOrder): Ticket {
    const expires = clock.now() + TICKET_MS
    if (how === 'bundle') return bundleFor(machine, expires)
    const token = createToken('le')
    const invitation = { hash: tokenHash(token), expires, needsApproval }
    const shown = `${token}.${keyFingerprint(rawPublicKey(keys.signing)).replace('SHA256:', '')}`
    return {
      token: shown,
      expires,
      stored: { machine: { ...machine, state: 'invited' }, grants: [], invitation },
    }
  }

  function bundleFor(machine: MachineRecord, expires: number): Ticket {
    const token = createToken('lb')
    const signing = createSigningKey()
    const pem = privateKeyPem(signing)
    const vaultId = vaultIdOf(rawPublicKey(keys.signing))
    const privateKeyPath = `${BUNDLE_FOLDER}/${IDENTITY_FILES.key}`
    const identity = formatIdentity({ ...machineIdentity(ports, machine), vaultId, privateKeyPath })
    // Programs that know several brokers look in the folder of this one.
    const folder = `vaults/${vaultId}/`
    const files = new Map<string, Uint8Array>([
      [IDENTITY_FILES.identity, identity],
      [IDENTITY_FILES.key, pem],
      [IDENTITY_FILES.settings, CLIENT_SETTINGS],
      [`${folder}${IDENTITY_FILES.identity}`, identity],
      [`${folder}${IDENTITY_FILES.key}`, pem],
    ])
    // Programs that do not read it from the identity name this file in SSL_CERT_FILE.
    if (keys.authority !== undefined) files.set(IDENTITY_FILES.authority, Buffer.from(keys.authority))
    const zip = ports.zip(files)
    const own = { signing: rawPublicKey(signing), sealing: rawPublicKey(sealingKeyOf(signing)) }
    const bundle = { hash: tokenHash(token), expires, sealed: sealBundle(zip, token) }
    for (const bytes of [zip, pem]) bytes.fill(0)
    return { token, expires, stored: { machine: { ...machine, keys: own }, grants: [], bundle } }
  }

  return {
    list: () => store.machines(),
    show: find,

    async add(admin, order) {
      const machine = newMachine(order, clock.now())
      const { token, expires, stored } = ticketFor(machine, order)
      await change(
        ports,
        admin,
        { action: 'machine.add', target: order.name, machine: order.name },
        async () => {
          const added = await store.addMachine({ ...stored, grants: order.grants })
          if (added === 'no-secret') throw await missingSecret(store, order.grants)
          if (added === 'exists') throw new LocketError('usage', `there is a machine ${order.name} already`)
        },
      )
      return { machine: stored.machine, token, expires, url: settings.url }
    },

    async setState(admin, name, state) {
      const { id, keys: own, workload } = await find(name)
      if (state === 'enabled' && own === undefined && workload === undefined)
        throw new LocketError('usage', `${name} has no usable key`, {
          hint: 'run locket enrol on it, or remove it and add it again',
        })
      const announces = { kind: 'machine', machine: id } as const
      const target = `${name} ${state}`
      await change(ports, admin, { action: 'machine.state', target, machine: name, announces }, async () => {
        if (!(await store.setMachineState(id, state))) throw noMachine(name)
      })
    },

    async remove(admin, name) {
      const { id } = await find(name)
      const announces = { kind: 'machine', machine: id } as const
      await change(
        ports,
        admin,
        { action: 'machine.remove', target: name, machine: name, announces },
        async () => {
          if (!(await store.removeMachine(id))) throw noMachine(name)
        },
      )
    },

    async download(admin, token) {
      const hash = tokenHash(token)
      const machine = await store.ticketOf(hash, clock.now())
      const about = machine === undefined ? {} : { machine }
      return await change(ports, admin, { action: 'download', target: 'bundle', ...about }, async () => {
        const sealed = await store.takeBundle(hash, clock.now())
        const zip = sealed === undefined ? undefined : openBundle(sealed, token)
        if (zip !== undefined) return zip
        throw new LocketError('not_found', 'there is no bundle for this token', {
          hint: 'it was downloaded before, or its 15 minutes are over: remove the machine and add it again',
        })
      })
    },
  }
}

interface Ticket {
  readonly token: string
  readonly expires: number
  readonly stored: NewMachine
}

/** `cli.json`: the settings that a program of locket needs beside the identity. */
const CLIENT_SETTINGS = new TextEncoder().encode('{\n  "provider": "locket"\n}\n')

/** Returns the content of a machine's identity file. */
export function machineIdentity(
  { settings, keys }: Pick<BrokerPorts, 'settings' | 'keys'>,
  { id, name }: Pick<MachineRecord, 'id' | 'name'>,
): MachineIdentity {
  return {
    machineId: id,
    machineName: name,
    apiUrl: settings.url,
    serverKey: toBase64(rawPublicKey(keys.signing)),
    ...(keys.authority === undefined ? {} : { caPem: keys.authority }),
    privateKeyPath: IDENTITY_FILES.key,
  }
}

/** Returns the error for grants of which one names no secret. */
export async function missingSecret(
  store: Pick<BrokerPorts['store'], 'secrets'>,
  grants: readonly SecretPlace[],
): Promise<LocketError> {
  const known = await store.secrets()
  const isThere = ({ project, name }: SecretPlace): boolean =>
    known.some((one) => one.project === project && (name === '*' || one.name === name))
  return noSecret(grants.find((grant) => !isThere(grant)) ?? { project: '', name: '' })
}

/** Returns the record of a new machine. Throws `usage`. */
export function newMachine(
  { name, cidrs, grants, notAfter, owner }: MachineOrder,
  now: number,
): MachineRecord {
  if (!isProjectName(name)) throw badName('machine', name, 63)
  for (const grant of grants) checkPlace(grant, { takesAll: true })
  if (cidrs.length > MOST_CIDRS)
    throw new LocketError('usage', `a machine has at most ${MOST_CIDRS} networks`)
  const parsed = cidrs.map((text) => {
    const cidr = parseCidr(text)
    if (cidr === undefined)
      throw new LocketError('usage', `${JSON.stringify(text.slice(0, 80))} is not a network like 10.0.0.0/8`)
    return cidr
  })
  if (notAfter !== undefined && notAfter <= now)
    throw new LocketError('usage', 'the machine would have expired already')
  return {
    id: createMachineId(),
    name,
    state: 'enabled',
    cidrs: parsed,
    createdAt: now,
    ...(notAfter === undefined ? {} : { notAfter }),
    ...(owner === undefined ? {} : { owner }),
  }
}
