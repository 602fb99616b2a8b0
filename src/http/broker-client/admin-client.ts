import type * as z from 'zod'
import type { SecretPlace } from '../../core/broker/records.ts'
import {
  AuditChainShape,
  AuditPageShape,
  DoneShape,
  MachineAddedShape,
  MachineDetailShape,
  MachineShape,
  SecretShape,
  SignedHeadShape,
  WorkloadAddedShape,
  type NewMachineShape,
  type NewWorkloadShape,
} from '../broker/admin-shapes.ts'
import { openAdminCall, type AdminCall, type AdminPlace } from './admin-call.ts'

/** A machine as the admin API shows it. */
type ShownMachine = z.output<typeof MachineShape>

/** The admin API of a broker. Every call rejects with the broker's error. */
export interface BrokerAdminClient {
  secrets(): Promise<readonly z.output<typeof SecretShape>[]>
  addSecret(secret: SecretPlace & { readonly reference: string }): Promise<void>
  removeSecret(place: SecretPlace): Promise<void>
  machines(): Promise<readonly ShownMachine[]>
  machine(name: string): Promise<z.output<typeof MachineDetailShape>>
  addMachine(order: z.input<typeof NewMachineShape>): Promise<z.output<typeof MachineAddedShape>>
  addWorkload(order: z.input<typeof NewWorkloadShape>): Promise<z.output<typeof WorkloadAddedShape>>
  turn(name: string, to: 'enable' | 'disable'): Promise<void>
  removeMachine(name: string): Promise<void>
  grant(machine: string, place: SecretPlace): Promise<void>
  revoke(machine: string, place: SecretPlace): Promise<void>
  /** Resolves with a page of the audit. `query`: names and values of the route's query. */
  audit(query: Readonly<Record<string, string>>): Promise<z.output<typeof AuditPageShape>>
  /** Resolves with the lines of the chain after a number. */
  auditChain(after: number): Promise<z.output<typeof AuditChainShape>>
  auditHead(): Promise<z.output<typeof SignedHeadShape>>
  /** Resolves with a bundle, which the caller must wipe. */
  download(token: string): Promise<Uint8Array>
}

/** Resolves with a client for the broker of this host. Rejects with `io` without its token. */
export async function openBrokerAdmin(place: AdminPlace, signal: AbortSignal): Promise<BrokerAdminClient> {
  const call = await openAdminCall(place, signal)

  async function ask<T extends z.ZodType>(asked: AdminCall, shape: T): Promise<z.output<T>> {
    return shape.parse(JSON.parse(new TextDecoder().decode(await call(asked))))
  }
  async function tell(method: AdminCall['method'], path: string, body?: unknown): Promise<void> {
    await ask({ method, path, body }, DoneShape)
  }

  return {
    secrets: () => ask({ method: 'GET', path: '/v1/secrets' }, SecretShape.array()),
    async addSecret(secret) {
      await ask({ method: 'POST', path: '/v1/secrets', body: secret }, SecretShape)
    },
    removeSecret: ({ project, name }) => tell('DELETE', `/v1/secrets/${part(project)}/${part(name)}`),
    machines: () => ask({ method: 'GET', path: '/v1/machines' }, MachineShape.array()),
    machine: (name) => ask({ method: 'GET', path: machinePath(name) }, MachineDetailShape),
    addMachine: (body) => ask({ method: 'POST', path: '/v1/machines', body }, MachineAddedShape),
    addWorkload: (body) => ask({ method: 'POST', path: '/v1/workloads', body }, WorkloadAddedShape),
    turn: (name, to) => tell('POST', `${machinePath(name)}/${to}`),
    removeMachine: (name) => tell('DELETE', machinePath(name)),
    grant: (machine, place) => tell('POST', `${machinePath(machine)}/grants`, place),
    revoke: (machine, { project, name }) =>
      tell('DELETE', `${machinePath(machine)}/grants/${part(project)}/${part(name)}`),
    audit: (query) =>
      ask({ method: 'GET', path: `/v1/audit?${new URLSearchParams(query).toString()}` }, AuditPageShape),
    auditChain: (after) => ask({ method: 'GET', path: `/v1/audit/chain?after=${after}` }, AuditChainShape),
    auditHead: () => ask({ method: 'GET', path: '/v1/audit/head' }, SignedHeadShape),
    download: (token) => call({ method: 'POST', path: '/v1/bundles/download', body: { token } }),
  }
}

function machinePath(name: string): string {
  return `/v1/machines/${part(name)}`
}

function part(text: string): string {
  return encodeURIComponent(text)
}
