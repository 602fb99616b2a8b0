import type { FastifyInstance } from 'fastify'
import type { Broker } from '../../app/broker/broker.ts'
import { isSameToken } from '../../core/broker/tokens.ts'
import type { Clock } from '../../core/ports/clock.ts'
import type { Emit } from '../../core/ports/events.ts'
import { LocketError } from '../../core/vocabulary/errors.ts'
import { ADMIN_ROUTES, type AdminRoute } from './admin-routes.ts'
import { JSON_TYPE, readJsonBody, readQuery, sentRefusal, sendRefusal } from './broker-server.ts'
import { describeAdminApi } from './openapi.ts'

/** The options of the admin API. */
interface AdminApiOptions {
  readonly broker: Broker
  readonly clock: Clock
  readonly emit: Emit
  /** The token that every call must carry as `Authorization: Bearer`. */
  readonly token: string
}

/** Adds the admin API, and its description at `/v1/openapi.json`. Calls without the token learn nothing. */
export function serveAdmin(server: FastifyInstance, { broker, clock, emit, token }: AdminApiOptions): void {
  server.setErrorHandler(async (thrown, _request, reply) =>
    sendRefusal(reply, sentRefusal(thrown, { emit, now: clock.now() })),
  )
  server.addHook('onRequest', async (request) => {
    const given = /^Bearer (\S{1,256})$/.exec(request.headers.authorization ?? '')?.[1] ?? ''
    if (!isSameToken(given, token)) throw new LocketError('auth', 'the admin token is missing or wrong')
  })
  server.get('/v1/openapi.json', async (_request, reply) =>
    reply.header('content-type', JSON_TYPE).send(JSON.stringify(describeAdminApi())),
  )
  for (const route of ADMIN_ROUTES) {
    server.route({
      method: route.method,
      url: route.path.replaceAll(/\{(\w+)\}/g, ':$1'),
      async handler(request, reply) {
        const admin = { actor: 'admin', address: request.raw.socket.remoteAddress ?? '' }
        const at = request.params as Readonly<Record<string, string>>
        const body = route.body === undefined ? undefined : readJsonBody(route.body, request.body)
        const query = route.query === undefined ? {} : readQuery(route.query, request.query)
        const result = await route.run({ broker, admin, at, query, body })
        if (!(result instanceof Uint8Array))
          return await reply.header('content-type', JSON_TYPE).send(JSON.stringify(shaped(route, result)))
        reply.raw.once('close', () => result.fill(0))
        return await reply
          .header('content-type', 'application/zip')
          .send(Buffer.from(result.buffer, result.byteOffset, result.byteLength))
      },
    })
  }
}

/** Only the described parts of an answer are sent. */
function shaped({ answer }: AdminRoute, result: unknown): unknown {
  return answer === 'zip' ? {} : answer.parse(result ?? {})
}
