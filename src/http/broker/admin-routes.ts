import type * as z from 'zod'
import type { Broker } from '../../app/broker/broker.ts'
import type { Admin } from '../../app/broker/catalog.ts'
import {
  AuditChainShape,
  AuditPageShape,
  AuditQueryShape,
  ChainQueryShape,
  DoneShape,
  DownloadShape,
  MachineAddedShape,
  MachineDetailShape,
  MachineShape,
  moment,
  NewMachineShape,
  NewSecretShape,
  NewWorkloadShape,
  PlaceShape,
  PolicyShape,
  SecretShape,
  SignedHeadShape,
  shownAdded,
  shownLine,
  shownMachine,
  WorkloadAddedShape,
} from './admin-shapes.ts'

/** One call of the admin API. */
interface Call<B, Q> {
  readonly broker: Broker
  readonly admin: Admin
  /** The parts of the path by their names. */
  readonly at: Readonly<Record<string, string>>
  readonly query: Q
  readonly body: B
}

/** One route of the admin API. The server and its OpenAPI description are made from it. */
export interface AdminRoute<B extends z.ZodType = z.ZodType, Q extends z.ZodObject = z.ZodObject> {
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** The path as OpenAPI writes it: `/v1/machines/{name}`. */
  readonly path: string
  readonly summary: string
  /** Left out: the call has no query. */
  readonly query?: Q
  /** Left out: the call has no body. */
  readonly body?: B
  /** The shape of the answer; `zip`: a ZIP archive. */
  readonly answer: z.ZodType | 'zip'
  readonly run: (call: Call<z.output<B>, z.output<Q>>) => Promise<unknown>
}

function route<B extends z.ZodType, Q extends z.ZodObject>(declared: AdminRoute<B, Q>): AdminRoute {
  return declared
}

const MACHINE = '/v1/machines/{name}'

/** Every route of the admin API. */
export const ADMIN_ROUTES: readonly AdminRoute[] = [
  route({
    method: 'GET',
    path: '/v1/secrets',
    summary: 'lists the secrets: names and references, never values',
    answer: SecretShape.array(),
    run: async ({ broker }) => (await broker.catalog.list()).map(shownSecret),
  }),
  route({
    method: 'POST',
    path: '/v1/secrets',
    summary: 'adds a name for a reference; makes the project if it is missing',
    body: NewSecretShape,
    answer: SecretShape,
    run: async ({ broker, admin, body }) => shownSecret(await broker.catalog.add(admin, body)),
  }),
  route({
    method: 'DELETE',
    path: '/v1/secrets/{project}/{secret}',
    summary: 'removes a secret and the grants that name it',
    answer: DoneShape,
    run: ({ broker, admin, at }) => broker.catalog.remove(admin, placeOf(at)),
  }),
  route({
    method: 'GET',
    path: '/v1/machines',
    summary: 'lists the machines',
    answer: MachineShape.array(),
    run: async ({ broker }) => (await broker.machines.list()).map(shownMachine),
  }),
  route({
    method: 'POST',
    path: '/v1/machines',
    summary: 'adds a machine, and answers with the token for its enrolment or its bundle',
    body: NewMachineShape,
    answer: MachineAddedShape,
    run: async ({ broker, admin, body: { expires, ...order } }) => {
      const notAfter = expires === undefined ? undefined : Date.parse(expires)
      return shownAdded(await broker.machines.add(admin, { ...order, notAfter }))
    },
  }),
  route({
    method: 'POST',
    path: '/v1/workloads',
    summary: 'adds a machine that proves itself by a token of an issuer, and answers with its identity',
    body: NewWorkloadShape,
    answer: WorkloadAddedShape,
    run: async ({ broker, admin, body: { expires, ...order } }) => {
      const added = await broker.workloads.add(admin, { ...order, notAfter: msOf(expires) })
      return { machine: shownMachine(added.machine), identity: new TextDecoder().decode(added.identity) }
    },
  }),
  route({
    method: 'GET',
    path: MACHINE,
    summary: 'shows a machine with its grants',
    answer: MachineDetailShape,
    run: async ({ broker, at: { name = '' } }) => ({
      ...shownMachine(await broker.machines.show(name)),
      grants: await broker.catalog.grantsOf(name),
    }),
  }),
  route({
    method: 'DELETE',
    path: MACHINE,
    summary: 'removes a machine with its grants; its held watch ends',
    answer: DoneShape,
    run: ({ broker, admin, at: { name = '' } }) => broker.machines.remove(admin, name),
  }),
  route({
    method: 'POST',
    path: `${MACHINE}/enable`,
    summary: 'enables a machine that is disabled or waits for approval',
    answer: DoneShape,
    run: ({ broker, admin, at: { name = '' } }) => broker.machines.setState(admin, name, 'enabled'),
  }),
  route({
    method: 'POST',
    path: `${MACHINE}/disable`,
    summary: 'disables a machine: its next request is refused, and its held watch ends',
    answer: DoneShape,
    run: ({ broker, admin, at: { name = '' } }) => broker.machines.setState(admin, name, 'disabled'),
  }),
  route({
    method: 'POST',
    path: `${MACHINE}/grants`,
    summary: 'lets a machine read a secret, or with the name * all secrets of a project',
    body: PlaceShape,
    answer: DoneShape,
    run: ({ broker, admin, at: { name = '' }, body }) => broker.catalog.grant(admin, name, body),
  }),
  route({
    method: 'DELETE',
    path: `${MACHINE}/grants/{project}/{secret}`,
    summary: 'takes a grant away',
    answer: DoneShape,
    run: ({ broker, admin, at }) => broker.catalog.revoke(admin, at['name'] ?? '', placeOf(at)),
  }),
  route({
    method: 'POST',
    path: '/v1/bundles/download',
    summary: 'gives the bundle of a machine once, and deletes it',
    body: DownloadShape,
    answer: 'zip',
    run: ({ broker, admin, body }) => broker.machines.download(admin, body.token),
  }),
  route({
    method: 'GET',
    path: '/v1/audit',
    summary: 'lists lines of the audit, the newest first, at most 1000 (100 if limit is left out)',
    query: AuditQueryShape,
    answer: AuditPageShape,
    run: async ({ broker, query: { since, until, limit, ...filter } }) => {
      const times = { since: msOf(since), until: msOf(until) }
      const { rows, next } = await broker.audit.list({ ...filter, ...times }, limit)
      return { lines: rows.map(shownLine), next }
    },
  }),
  route({
    method: 'GET',
    path: '/v1/audit/chain',
    summary: 'gives the lines after a number as they are hashed, the oldest first, at most 1000',
    query: ChainQueryShape,
    answer: AuditChainShape,
    run: ({ broker, query: { after, limit = 1000 } }) => broker.audit.lines(after, limit),
  }),
  route({
    method: 'GET',
    path: '/v1/audit/head',
    summary: 'gives the number and the hash of the last line, signed by the key of the broker',
    answer: SignedHeadShape,
    run: ({ broker }) => broker.audit.head(),
  }),
  route({
    method: 'GET',
    path: '/v1/policy',
    summary: 'shows the policy in effect',
    answer: PolicyShape,
    run: async ({ broker }) => {
      const policy = broker.policy()
      return policy === undefined ? {} : { policy: { ...policy, since: moment(policy.since) } }
    },
  }),
]

function msOf(time: string | undefined): number | undefined {
  return time === undefined ? undefined : Date.parse(time)
}

function shownSecret({ project, name, reference, createdAt }: Awaited<ReturnType<Broker['catalog']['add']>>) {
  return { project, name, reference, createdAt: moment(createdAt) }
}

function placeOf({ project = '', secret = '' }: Readonly<Record<string, string>>) {
  return { project, name: secret }
}
