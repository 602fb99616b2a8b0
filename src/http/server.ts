import type { RequestListener } from 'node:http'
import fastify, { type FastifyInstance } from 'fastify'
import { formatError, LocketError, toLocketError } from '../core/vocabulary/errors.ts'
import type { Clock } from '../core/ports/clock.ts'
import { type EarlyServer, openEarlyServer } from './early-server.ts'
import { closeUnsent } from './unsent-requests.ts'
import type { Emit } from '../core/ports/events.ts'

/** The engine's requests are small: driver options are the largest part of one. */
const BODY_LIMIT_BYTES = 1024 * 1024

/** Larger bodies are refused, but read up to this size: a client that is cut off reads no answer. */
const READ_LIMIT_BYTES = 16 * BODY_LIMIT_BYTES

/** Bodies are checked with zod. The JSON Schema compilers of fastify would take a tenth of all start-up. */
const NO_COMPILERS = { buildValidator: () => noSchema, buildSerializer: () => noSchema }

function noSchema(): never {
  throw new LocketError('internal', 'a route has a JSON Schema: bodies are checked with zod')
}

/**
 * Makes a server without routes. Its handlers get a body as text, whatever its Content-Type.
 * `readLimitBytes`: the size up to which a body is read. With `early`, the requests come through it, once its
 * `serve` has got the `routing` of this server.
 */
export function plainServer(clock: Clock, readLimitBytes: number, early?: EarlyServer): FastifyInstance {
  const server = fastify({
    logger: false,
    bodyLimit: readLimitBytes,
    forceCloseConnections: 'idle',
    serverFactory: (handler) => (early ?? openServer(clock, handler)).server,
    schemaController: { compilersFactory: NO_COMPILERS },
  })
  server.removeAllContentTypeParsers()
  server.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body))
  return server
}

function openServer(clock: Clock, handler: RequestListener): EarlyServer {
  const opened = openEarlyServer(clock)
  opened.serve(handler)
  return opened
}

/**
 * Makes a server that speaks as the engine's plugin client does: without Content-Type, and with errors as
 * HTTP 200 with `Err`. The user then sees the message alone. With a 500 the engine adds the endpoint's name
 * and a host path. `early`: see `plainServer`.
 */
export function buildServer(emit: Emit, clock: Clock, early?: EarlyServer): FastifyInstance {
  const server = plainServer(clock, READ_LIMIT_BYTES, early)
  server.removeAllContentTypeParsers()
  server.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) =>
    body.length > BODY_LIMIT_BYTES ? done(tooLarge()) : done(null, body),
  )
  server.setErrorHandler(async (thrown, request, reply) => {
    const error = refusalOf(thrown) ?? toLocketError(thrown)
    reportBug(emit, request.url, error)
    return reply.code(200).send({ Err: formatError(error) })
  })
  server.setNotFoundHandler(async (request, reply) =>
    reply.code(404).send({ Err: `locket has no ${request.method} ${request.url}` }),
  )
  return server
}

/** Rewords fastify's own refusals, such as a body that is too large: their messages are for developers. */
function refusalOf(thrown: unknown): LocketError | undefined {
  const code = typeof thrown === 'object' && thrown !== null && 'code' in thrown ? thrown.code : undefined
  if (typeof code !== 'string' || !code.startsWith('FST_ERR_CTP_')) return undefined
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return tooLarge()
  return new LocketError('usage', `the request is not understood: ${code}`)
}

function tooLarge(): LocketError {
  return new LocketError('too_large', 'the driver options are larger than 1 MiB', {
    hint: 'put large templates into files, and write secret.NAME: "@/path/to/template"',
  })
}

/** Reports an error that is a bug. */
export function reportBug(emit: Emit, url: string, error: LocketError): void {
  if (error.code === 'internal') emit('http.bug', { url, cause: kindOf(error.cause) })
}

/** The name and place of a thrown error, without its text, which may hold a value. */
function kindOf(cause: unknown): string {
  if (!(cause instanceof Error)) return typeof cause
  const frame = cause.stack?.split('\n').find((line) => line.trimStart().startsWith('at '))
  return `${cause.name} ${frame?.trim() ?? ''}`
}

/**
 * Milliseconds until all connections are closed: less than the ten seconds after which the engine kills a
 * plugin.
 */
const CLOSE_MS = 8000
/**
 * Milliseconds for a request that is being sent when the stop comes: the engine sends a request in one piece.
 */
const UNSENT_MS = 500

/**
 * Closes the socket. Requests under way are answered, for at most eight seconds: a connection that is cut
 * makes the engine repeat the request without its body.
 */
export async function closeServer(server: FastifyInstance, clock: Clock): Promise<void> {
  const closed = Promise.withResolvers<void>()
  server.server.close(() => closed.resolve())
  server.server.closeIdleConnections()
  const answered = new AbortController()
  clock.sleep(UNSENT_MS, answered.signal).then(
    () => closeUnsent(server.server),
    () => undefined,
  )
  await Promise.race([closed.promise, clock.sleep(CLOSE_MS, answered.signal).catch(() => undefined)])
  // A timer or a connection that is left would keep the process alive.
  answered.abort()
  server.server.closeAllConnections()
  await server.close()
}
