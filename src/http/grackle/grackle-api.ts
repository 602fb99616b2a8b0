import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Broker } from '../../app/broker/broker.ts'
import type { Grackle } from '../../app/grackle/grackle.ts'
import type { RegistryApi } from '../../app/grackle/registry-api.ts'
import type { Clock } from '../../core/ports/clock.ts'
import type { Emit } from '../../core/ports/events.ts'
import type { ErrorCode } from '../../core/vocabulary/errors.ts'
import { factsOfRefusal, JSON_TYPE } from '../broker/broker-server.ts'
import { signalWithin } from '../broker/signals.ts'
import { payloadBody, readGrackleBody, readRegistryBody } from './bodies.ts'

/** The options of the API. */
interface GrackleOptions {
  readonly broker: Pick<Broker, 'strangers'>
  readonly grackle: Grackle
  readonly clock: Clock
  readonly emit: Emit
}

/** The path of the original's examples. */
const PATH = '/locket'
const BODY_LIMIT_BYTES = 1024 * 1024
/** Milliseconds for one read. The clients have no limit of their own. */
const DEADLINE_MS = 25_000
const METHODS = 'GET, POST'
const PLAIN = { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' } as const

/** The answers to errors, and that to a failure of the broker or a provider for those that are left out. */
const ANSWERS: Readonly<Partial<Record<ErrorCode, readonly [status: number, text: string]>>> = {
  usage: [400, 'bad request'],
  auth: [403, 'forbidden'],
  denied: [403, 'forbidden'],
  not_found: [404, 'not found'],
  // A field of a name that no secret can have.
  ref_syntax: [404, 'not found'],
  too_large: [413, 'request entity too large'],
  rate_limited: [429, 'too many requests'],
  unfit_value: [500, 'server error'],
  internal: [500, 'server error'],
}

/**
 * Adds grackleclub's protocol at `/locket`, byte for byte. The clients of its registry are machines of the
 * broker in every respect but that they have no row. Call it after `serveMachines`, whose limits hold too.
 */
export function serveGrackle(server: FastifyInstance, options: GrackleOptions): void {
  void server.register(async (room) => addRoutes(room, options), { prefix: PATH })
}

function addRoutes(room: FastifyInstance, { broker, grackle, clock, emit }: GrackleOptions): void {
  const addressOf = ({ raw }: FastifyRequest): string => raw.socket.remoteAddress ?? ''

  /** Records the refusals that only this layer sees, and returns the error to answer. */
  async function recorded(thrown: unknown, address: string): Promise<unknown> {
    const code = typeof thrown === 'object' && thrown !== null && 'code' in thrown ? thrown.code : undefined
    if (code !== 'FST_ERR_CTP_BODY_TOO_LARGE') return thrown
    return await grackle
      .refuse({ address, code: 'too_large', reason: 'its body is larger than 1 MiB' })
      .catch((failed: unknown) => failed)
  }

  room.setErrorHandler(async (thrown, request, reply) => {
    broker.strangers.note(addressOf(request))
    return await sendRefused(reply, await recorded(thrown, addressOf(request)), emit)
  })

  // Before the body is read. Everybody gets the public key.
  room.addHook('onRequest', async (request) => {
    if (request.routeOptions.url === PATH && request.method !== 'POST') return
    await grackle.admit(addressOf(request))
  })

  room.route({
    method: [...room.supportedMethods],
    url: '',
    bodyLimit: BODY_LIMIT_BYTES,
    exposeHeadRoute: false,
    async handler(request, reply) {
      const { method } = request
      if (method === 'POST') return await read(request, reply)
      broker.strangers.note(addressOf(request))
      if (method === 'OPTIONS') return await reply.header('allow', METHODS).send()
      if (method === 'GET') return await reply.header('content-type', 'text/plain').send(serverKey)
      return await reply
        .code(405)
        .headers({ ...PLAIN, allow: METHODS })
        .send('method not allowed\n')
    },
  })
  const serverKey = Buffer.from(grackle.serverKey)

  async function read(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const address = addressOf(request)
    const asked = readGrackleBody(request.body)
    if (asked === undefined)
      throw await grackle.refuse({ address, code: 'usage', reason: 'its body is not a request for a secret' })
    const sealed = await grackle.read(asked, { address, signal: signalWithin(DEADLINE_MS, reply, clock) })
    return await sendJson(reply, payloadBody(sealed))
  }

  if (grackle.registry !== undefined) addRegistry(room, grackle.registry, grackle.refuse)

  function addRegistry(api: FastifyInstance, registry: RegistryApi, refuse: Grackle['refuse']): void {
    api.route({
      method: ['GET', 'POST', 'DELETE'],
      url: '/registry',
      exposeHeadRoute: false,
      async handler(request, reply) {
        const address = addressOf(request)
        const { 'x-auth-token': token } = request.headers
        await registry.admit(typeof token === 'string' ? token : '', address)
        if (request.method === 'GET')
          return await sendJson(reply, `${JSON.stringify(await registry.list())}\n`)
        const row = readRegistryBody(request.body)
        if (row === undefined)
          throw await refuse({ address, code: 'usage', reason: 'its body is not a row of the registry' })
        if (request.method === 'POST') await registry.put(row, address)
        else await registry.remove(row.name, address)
        return await reply.headers(PLAIN).send('ok\n')
      },
    })
  }
}

async function sendJson(reply: FastifyReply, body: string): Promise<FastifyReply> {
  // As bytes: for a text the server would add a charset.
  return await reply
    .headers({ 'content-type': JSON_TYPE, 'cache-control': 'no-store' })
    .send(Buffer.from(body))
}

/** Answers an error. 503 for a failure of a provider, which the client may ask again. */
async function sendRefused(reply: FastifyReply, thrown: unknown, emit: Emit): Promise<FastifyReply> {
  const { code, retryAfter } = factsOfRefusal(thrown, emit)
  const [status, text] = ANSWERS[code] ?? [503, 'service unavailable']
  if (retryAfter !== undefined) reply.header('retry-after', retryAfter)
  return await reply.code(status).headers(PLAIN).send(`${text}\n`)
}
