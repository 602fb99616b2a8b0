import type * as z from 'zod'
import type { Broker } from '../../app/broker/broker.ts'
import type { Admin } from '../../app/broker/catalog.ts'
import {
  DoneShape,
  DownloadShape,
  MachineAddedShape,
  MachineDetailShape,
  MachineShape,
  moment,
  NewMachineShape,
  NewSecretShape,
  PlaceShape,
  SecretShape,
  shownAdded,
  shownMachine,
} from './admin-shapes.ts'

/** One call of the admin API. */
interface Call<B> {
  readonly broker: Broker
  readonly admin: Admin
  /** The parts of the path by their names. */
  readonly at: Readonly<Record<string, string>>
  readonly body: B
}

/** One route of the admin API. The server and its OpenAPI description are made from it. */
export interface AdminRoute<B extends z.ZodType = z.ZodType> {
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** The path as OpenAPI writes it: `/v1/machines/{name}`. */
  readonly path: string
  readonly summary: string
  /** Left out: the call has no body. */
  readonly body?: B
  /** The shape of the answer; `zip`: a ZIP archive. */
  readonly answer: z.ZodType | 'zip'
  readonly run: (call: Call<z.output<B>>) => Promise<unknown>
}

function route<B extends z.ZodType>(declared: AdminRoute<B>): AdminRoute {
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
]

function shownSecret({ project, name, reference, createdAt }: Awaited<ReturnType<Broker['catalog']['add']>>) {
  return { project, name, reference, createdAt: moment(createdAt) }
}

function placeOf({ project = '', secret = '' }: Readonly<Record<string, string>>) {
  return { project, name: secret }
}
