import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Authenticated } from '../../app/broker/authenticate.ts'
import type { Broker } from '../../app/broker/broker.ts'
import type { Unread } from '../../app/broker/sikkerkey/read-by-id.ts'
import { vaultIdOf } from '../../core/broker/identity-file.ts'
import { createSealingKey, rawPublicKey } from '../../core/broker/keys.ts'
import { SIKKERKEY } from '../../core/broker/signing/sikkerkey.ts'
import type { Clock } from '../../core/ports/clock.ts'
import type { Emit } from '../../core/ports/events.ts'
import { isLocketError, LocketError, type ErrorCode } from '../../core/vocabulary/errors.ts'
import { bodyBytes, factsOfRefusal, JSON_TYPE, type RefusalFacts } from '../broker/broker-server.ts'
import { signalWithin } from '../broker/signals.ts'
import {
  accessBody,
  changesBody,
  cliListBody,
  exportBody,
  listBody,
  projectsBody,
  readEnrolBody,
  readExportBody,
  readListBody,
  readPollBody,
  valueBody,
} from './bodies.ts'

/** The options of the API. */
interface SikkerkeyOptions {
  readonly broker: Broker
  readonly clock: Clock
  readonly emit: Emit
}

/** Milliseconds for one request. The SDKs wait for 15 s, the CLI for 30 s. */
const DEADLINE_MS = 14_000

/** The statuses of what a read may end with. 503 for those that are left out: it is asked again. */
const UNREAD: Readonly<Partial<Record<ErrorCode, readonly [status: number, reason: string]>>> = {
  denied: [403, 'this machine may not read it'],
  not_found: [404, 'it has no value'],
  ambiguous: [409, 'it means secrets of several projects: ask for sk_PROJECT__NAME'],
  unfit_value: [422, 'its value is not UTF-8 text'],
  too_large: [413, 'its value is too large'],
}

/**
 * Adds SikkerKey's protocol at `/v1`, for its SDKs and its CLI. It is a second face of the same broker: the
 * machines, grants, policy, audit and rates are those of `/v2`. Answers are neither signed nor sealed: the
 * protocol has no place for that. Call it after `serveMachines`, whose limits hold here too.
 */
export function serveSikkerkey(server: FastifyInstance, options: SikkerkeyOptions): void {
  void server.register(async (v1) => addRoutes(v1, options), { prefix: '/v1' })
}

function addRoutes(v1: FastifyInstance, { broker, clock, emit }: SikkerkeyOptions): void {
  const vaultId = vaultIdOf(Buffer.from(broker.server.serverKey, 'base64'))
  const verified = new WeakSet<FastifyRequest>()
  const addressOf = ({ raw }: FastifyRequest): string => raw.socket.remoteAddress ?? ''
  const deadline = (reply: FastifyReply): AbortSignal => signalWithin(DEADLINE_MS, reply, clock)

  v1.setErrorHandler(async (thrown, request, reply) => {
    if (!verified.has(request)) broker.strangers.note(addressOf(request))
    return await refuse(reply, refusalOf(thrown, emit))
  })
  v1.setNotFoundHandler(async ({ method }) => {
    if (method === 'GET' || method === 'HEAD') throw new LocketError('not_found', 'there is no such path')
    throw new LocketError('denied', 'this broker stores no values and changes nothing for a machine')
  })

  async function authenticate(request: FastifyRequest): Promise<Authenticated> {
    const { method = '', url = '', headers } = request.raw
    if (url.includes('?'))
      throw new LocketError('usage', 'a signed path has no query: the signature does not cover it')
    const by = await broker.authenticate(
      {
        target: { method, authority: (headers.host ?? '').toLowerCase(), url },
        headers,
        body: bodyBytes(request.body),
        address: addressOf(request),
      },
      SIKKERKEY,
    )
    verified.add(request)
    return by
  }

  v1.get<{ Params: { id: string } }>('/secret/:id', async (request, reply) => {
    const by = await authenticate(request)
    const answer = await broker.byId.one(by, request.params.id, deadline(reply))
    if ('code' in answer) return await refuse(reply, unreadFacts(answer))
    try {
      return sendValues(reply, valueBody(answer.value))
    } finally {
      answer.value.wipe()
    }
  })

  v1.get('/secrets', async (request, reply) => {
    const by = await authenticate(request)
    return send(reply, listBody(await broker.byId.list(by, { project: undefined, signal: deadline(reply) })))
  })

  v1.post('/secrets/list', async (request, reply) => {
    const by = await authenticate(request)
    const project = readListBody(request.body)
    return send(reply, listBody(await broker.byId.list(by, { project, signal: deadline(reply) })))
  })

  v1.post('/secrets/export', async (request, reply) => {
    const by = await authenticate(request)
    const project = readExportBody(request.body)
    const items = await broker.byId.all(by, { project, signal: deadline(reply) })
    if ('code' in items) return await refuse(reply, unreadFacts(items))
    try {
      return sendValues(reply, exportBody(items))
    } finally {
      for (const { value } of items) value.wipe()
    }
  })

  v1.post('/secrets/poll', async (request, reply) => {
    const by = await authenticate(request)
    const ids = readPollBody(request.body)
    return send(reply, changesBody(await broker.byId.changes(by, ids, deadline(reply))))
  })

  v1.get('/cli/projects', async (request, reply) => {
    const by = await authenticate(request)
    return send(reply, projectsBody(await broker.byId.projects(by)))
  })

  v1.get('/cli/secrets', async (request, reply) => {
    const by = await authenticate(request)
    const items = await broker.byId.list(by, { project: undefined, signal: deadline(reply) })
    return send(reply, cliListBody(items))
  })

  v1.post('/verify-access', async (request, reply) => {
    const by = await authenticate(request)
    const project = readListBody(request.body)
    const isValid = (await broker.byId.projects(by)).includes(project)
    return send(reply.code(isValid ? 200 : 403), accessBody(project, isValid))
  })

  v1.post<{ Params: { vault: string } }>('/:vault/enroll/register', async (request, reply) => {
    if (request.params.vault !== vaultId)
      throw new LocketError('not_found', `there is no such vault: this broker is ${vaultId}`)
    const { token, publicKey } = readEnrolBody(request.body)
    // The protocol has one key. Nobody has the private half of the other, so nothing can be sealed for it.
    const keys = { signing: publicKey, sealing: rawPublicKey(createSealingKey()) }
    const { identity } = await broker.enrol({ token, keys, address: addressOf(request) })
    const { machineId, machineName, apiUrl } = identity
    return send(reply, Buffer.from(JSON.stringify({ machineId, machineName, vaultId, apiUrl })))
  })
}

function send(reply: FastifyReply, body: Buffer): FastifyReply {
  return reply.headers({ 'content-type': JSON_TYPE, 'cache-control': 'no-store' }).send(body)
}

/** Sends a body with values, and overwrites it when it has been sent. */
function sendValues(reply: FastifyReply, body: Buffer): FastifyReply {
  reply.raw.once('close', () => body.fill(0))
  return send(reply, body)
}

type Sent = Pick<RefusalFacts, 'status' | 'reason' | 'retryAfter'>

function refusalOf(thrown: unknown, emit: Emit): Sent {
  if (isLocketError(thrown) && thrown.code === 'unfit_value')
    return { status: 422, reason: thrown.reason, retryAfter: undefined }
  return factsOfRefusal(thrown, emit)
}

function unreadFacts({ id, code }: Unread): Sent {
  const [status, reason] = UNREAD[code] ?? [503, `it cannot be read at present (${code})`]
  return { status, reason: `${id}: ${reason}`, retryAfter: undefined }
}

async function refuse(reply: FastifyReply, { status, reason, retryAfter }: Sent): Promise<FastifyReply> {
  if (retryAfter !== undefined) reply.header('retry-after', retryAfter)
  return reply
    .code(status)
    .header('content-type', JSON_TYPE)
    .send(JSON.stringify({ error: reason }))
}
