import fastify, { type FastifyInstance } from 'fastify'
import { formatError, LocketError, toLocketError } from '../core/vocabulary/errors.ts'
import type { Emit } from '../core/ports/events.ts'

/** The engine's requests are small: driver options are the largest part of one. */
const BODY_LIMIT_BYTES = 1024 * 1024

/** Up to here a body that is too large is read to its end: who is hung up on while writing never reads the answer. */
const READ_LIMIT_BYTES = 16 * BODY_LIMIT_BYTES

/** Bodies are checked with zod. Left to itself, fastify loads two JSON Schema compilers at every start, a tenth of all start-up. */
const NO_COMPILERS = { buildValidator: () => noSchema, buildSerializer: () => noSchema }

function noSchema(): never {
  throw new LocketError('internal', 'a route has a JSON Schema: bodies are checked with zod')
}

/**
 * A fastify that speaks as the engine's plugin client does: no Content-Type, and errors as HTTP 200 with `Err`, because then the
 * user sees the message alone (with a 500 the engine adds the endpoint's name and a host path).
 */
export function buildServer(emit: Emit): FastifyInstance {
  const server = fastify({
    logger: false,
    bodyLimit: READ_LIMIT_BYTES,
    forceCloseConnections: 'idle',
    schemaController: { compilersFactory: NO_COMPILERS },
  })
  server.removeAllContentTypeParsers()
  server.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) =>
    body.length > BODY_LIMIT_BYTES ? done(tooLarge()) : done(null, body),
  )
  server.setErrorHandler(async (thrown, request, reply) => {
    const error = refusalOf(thrown) ?? toLocketError(thrown)
    if (error.code === 'internal') emit('http.bug', { url: request.url, cause: kindOf(error.cause) })
    return reply.code(200).send({ Err: formatError(error) })
  })
  server.setNotFoundHandler(async (request, reply) =>
    reply.code(404).send({ Err: `locket has no ${request.method} ${request.url}` }),
  )
  return server
}

/** Fastify's own refusals (body too large, bad framing): their messages are for developers. */
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

/** The name of what was thrown and where, never its text: that may hold a value. */
function kindOf(cause: unknown): string {
  if (!(cause instanceof Error)) return typeof cause
  const frame = cause.stack?.split('\n').find((line) => line.trimStart().startsWith('at '))
  return `${cause.name} ${frame?.trim() ?? ''}`
}
