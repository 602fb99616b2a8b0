import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import * as z from 'zod'
import type { Authenticated } from '../../app/broker/authenticate.ts'
import type { Broker } from '../../app/broker/broker.ts'
import { wipeAnswers } from '../../app/broker/read.ts'
import { writeAnswers } from '../../core/broker/answer-body.ts'
import { readPublicKey } from '../../core/broker/keys.ts'
import { SEALED_TYPE } from '../../core/broker/sealed/seal.ts'
import type { Clock } from '../../core/ports/clock.ts'
import type { Emit } from '../../core/ports/events.ts'
import { bodyBytes, JSON_TYPE, readJsonBody, sentRefusal, sendRefusal } from './broker-server.ts'
import { signalOf, signalWithin } from './signals.ts'

/** The options of the API of machines. */
interface MachineApiOptions {
  readonly broker: Broker
  readonly clock: Clock
  readonly emit: Emit
  /** Answers with values are encrypted for the machine, because TLS is not locket's own end to end. */
  readonly seals: boolean
}

/** Milliseconds for one batch. A machine waits a little longer. */
const READ_DEADLINE_MS = 25_000
const MOST_REFS = 2000
const MOST_REF_CHARACTERS = 800
const MOST_CONTEXT = 32
/** Brokers in a row. */
const MOST_BROKERS = 8
const MOST_TOKEN_CHARACTERS = 16_384

const ResolveBody = z.object({
  refs: z.array(z.string().min(1).max(MOST_REF_CHARACTERS)).max(MOST_REFS),
  known: z.record(z.string().max(MOST_REF_CHARACTERS), z.string().max(64)).default({}),
  // A rule of the policy may go over it.
  context: z
    .record(z.string().max(64), z.string().max(256))
    .refine(
      (context) => Object.keys(context).length <= MOST_CONTEXT,
      `must have at most ${MOST_CONTEXT} facts`,
    )
    .default({}),
  via: z
    .array(z.string().regex(/^vault_[0-9a-f]{24}$/))
    .max(MOST_BROKERS)
    .default([]),
})

const Key = z.string().transform((text, context) => {
  const key = readPublicKey(text)
  if (key !== undefined) return key
  context.addIssue({ code: 'custom', message: 'must be 32 bytes in base64' })
  return z.NEVER
})

const EnrolBody = z.object({
  token: z.string().regex(/^le_[a-z2-7]{26}$/, 'must be a token of an enrolment'),
  signing: Key,
  sealing: Key,
  proof: z.base64().max(88),
})

const LoginBody = z.object({
  machine: z.string().regex(/^m_[a-z0-9]{26}$/, 'must be the id of a machine'),
  token: z.string().min(1).max(MOST_TOKEN_CHARACTERS),
  signing: Key,
  sealing: Key,
  proof: z.base64().max(88),
})

/**
 * Adds the API of machines: signed requests to `/v2/resolve`, `/v2/secrets` and `/v2/watch`, and the open
 * ones of an enrolment and of the login of a workload. Every answer to a verified request is signed, refusals
 * too.
 */
export function serveMachines(server: FastifyInstance, options: MachineApiOptions): void {
  const { broker, clock, emit, seals } = options
  /** The machines of the requests that were verified. */
  const verified = new WeakMap<FastifyRequest, Authenticated>()

  const addressOf = ({ raw }: FastifyRequest): string => raw.socket.remoteAddress ?? ''

  // Before the body is read.
  server.addHook('onRequest', async (request) => broker.strangers.admit(addressOf(request)))
  server.setErrorHandler(async (thrown, request, reply) => {
    if (!verified.has(request)) broker.strangers.note(addressOf(request))
    const refusal = sentRefusal(thrown, { emit, now: clock.now() })
    const by = verified.get(request)
    const signature = by === undefined ? {} : broker.sign(by, { ...refusal, contentType: JSON_TYPE })
    return await sendRefusal(reply, refusal, signature)
  })

  async function authenticate(request: FastifyRequest): Promise<Authenticated> {
    const { method, url = '', headers } = request.raw
    const by = await broker.authenticate({
      target: { method: method ?? '', authority: (headers.host ?? '').toLowerCase(), url },
      headers,
      body: bodyBytes(request.body),
      address: addressOf(request),
    })
    verified.set(request, by)
    return by
  }

  /** Sends a signed answer, encrypted if it has values and the hop is not locket's own. Wipes the body. */
  async function answer(
    reply: FastifyReply,
    by: Authenticated,
    plain: Uint8Array<ArrayBuffer>,
    hasValues = false,
  ): Promise<FastifyReply> {
    const isSealed = hasValues && seals
    const body = isSealed ? broker.seal(by, plain) : plain
    if (isSealed) plain.fill(0)
    const contentType = isSealed ? SEALED_TYPE : JSON_TYPE
    if (hasValues) reply.raw.once('close', () => body.fill(0))
    const signature = broker.sign(by, { status: 200, contentType, body })
    const headers = { 'content-type': contentType, 'cache-control': 'no-store', ...signature }
    return reply.headers(headers).send(Buffer.from(body.buffer, body.byteOffset, body.byteLength))
  }

  server.post('/v2/resolve', async (request, reply) => {
    const by = await authenticate(request)
    const { refs, known, context, via } = readJsonBody(ResolveBody, request.body)
    const signal = signalWithin(READ_DEADLINE_MS, reply, clock)
    // The cursor is taken first: a change during the read ends the next watch at once.
    const cursor = broker.cursor()
    const rows = await broker.read(by, {
      refs,
      known: new Map(Object.entries(known)),
      context,
      via,
      signal,
    })
    try {
      return await answer(reply, by, writeAnswers(rows, cursor), true)
    } finally {
      wipeAnswers(rows)
    }
  })

  server.get('/v2/secrets', async (request, reply) => {
    const by = await authenticate(request)
    return await answer(reply, by, json({ secrets: await broker.list(by) }))
  })

  server.get('/v2/watch', async (request, reply) => {
    const by = await authenticate(request)
    const since = new URL(request.raw.url ?? '', 'http://broker').searchParams.get('since') ?? ''
    const { cursor, changed } = await broker.watch(by, since, signalOf(reply))
    return await answer(reply, by, json({ cursor, changed }))
  })

  server.get('/v2/server', async (request, reply) => {
    broker.strangers.note(addressOf(request))
    return reply.header('content-type', JSON_TYPE).send(Buffer.from(json(broker.server)))
  })

  server.post('/v2/enrol', async (request, reply) => {
    const { token, signing, sealing, proof } = readJsonBody(EnrolBody, request.body)
    const enrolled = await broker.enrol({
      token,
      keys: { signing, sealing },
      proof: Buffer.from(proof, 'base64'),
      address: addressOf(request),
    })
    return reply.header('content-type', JSON_TYPE).send(Buffer.from(json(enrolled)))
  })

  server.post('/v2/workload', async (request, reply) => {
    // A login takes two verifications, so a good one counts too.
    broker.strangers.note(addressOf(request))
    const { machine, token, signing, sealing, proof } = readJsonBody(LoginBody, request.body)
    const { id, expires } = await broker.workloads.login({
      machine,
      token,
      keys: { signing, sealing },
      proof: Buffer.from(proof, 'base64'),
      address: addressOf(request),
    })
    return reply.header('content-type', JSON_TYPE).send(Buffer.from(json({ session: id, expires })))
  })

  server.get('/healthz', async (request, reply) => {
    broker.strangers.note(addressOf(request))
    return reply.send('ok\n')
  })
}

function json(value: unknown): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(value))
}
