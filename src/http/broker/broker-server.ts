import fastify, { type FastifyInstance, type FastifyReply } from 'fastify'
import * as z from 'zod'
import { jsonExcess } from '../../core/text/json-shape.ts'
import {
  formatError,
  LocketError,
  onOneLine,
  toLocketError,
  type ErrorCode,
} from '../../core/vocabulary/errors.ts'
import type { Emit } from '../../core/ports/events.ts'
import { watchUnsent } from '../unsent-requests.ts'

/** The certificate chain and the private key of a TLS listener, as PEM. */
interface TlsPems {
  readonly cert: string
  readonly key: string
}

/** Largest body of a request in bytes: 2000 references with their versions have some 250 KiB. */
const BODY_LIMIT_BYTES = 512 * 1024
/** Milliseconds for a whole request to arrive. */
const REQUEST_TIMEOUT_MS = 10_000
/** Milliseconds without a byte in either direction after which a connection is closed: more than a watch. */
const IDLE_TIMEOUT_MS = 70_000
/** Connections of one listener at the same time. */
const MOST_CONNECTIONS = 25_000
/** Characters of one part of a path: the longest name has 127, and each may be percent-encoded. */
const MOST_PART_CHARACTERS = 3 * 127
const JSON_LIMITS = { depth: 8, values: 20_000 } as const

const NO_COMPILERS = { buildValidator: () => noSchema, buildSerializer: () => noSchema }

function noSchema(): never {
  throw new LocketError('internal', 'a route has a JSON Schema: bodies are checked with zod')
}

/**
 * Makes a server of the broker with the limits that both APIs share. Bodies reach a route as bytes, whatever
 * their Content-Type: a signature covers bytes. `tls` is left out for a Unix socket.
 */
export function buildBrokerServer(tls: TlsPems | undefined): FastifyInstance {
  const options = {
    logger: false as const,
    bodyLimit: BODY_LIMIT_BYTES,
    forceCloseConnections: 'idle' as const,
    routerOptions: { maxParamLength: MOST_PART_CHARACTERS },
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionTimeout: IDLE_TIMEOUT_MS,
    keepAliveTimeout: IDLE_TIMEOUT_MS,
    http: { headersTimeout: REQUEST_TIMEOUT_MS, connectionsCheckingInterval: 1000, maxHeaderSize: 8192 },
    schemaController: { compilersFactory: NO_COMPILERS },
  }
  const { http, ...common } = options
  const server =
    tls === undefined
      ? fastify(options)
      : (fastify({ ...common, https: { ...http, ...tls } }) as unknown as FastifyInstance)
  server.server.maxConnections = MOST_CONNECTIONS
  watchUnsent(server.server)
  server.removeAllContentTypeParsers()
  server.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  server.setNotFoundHandler(async () => {
    throw new LocketError('not_found', 'there is no such path')
  })
  return server
}

/** Returns the body of a request; empty if it has none. */
export function bodyBytes(body: unknown): Uint8Array {
  return body instanceof Uint8Array ? body : new Uint8Array(0)
}

/** Parses a JSON body. Throws `usage`; the message names the wrong places and never their values. */
export function readJsonBody<S extends z.ZodType>(schema: S, body: unknown): z.output<S> {
  const bytes = bodyBytes(body)
  if (jsonExcess(bytes, JSON_LIMITS) !== undefined)
    throw new LocketError('usage', 'the body has too many values')
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    throw new LocketError('usage', 'the body is not JSON')
  }
  return checked(schema, value, 'body')
}

/** Checks the query of a request. Throws `usage`. */
export function readQuery<S extends z.ZodType>(schema: S, query: unknown): z.output<S> {
  return checked(schema, query, 'query')
}

function checked<S extends z.ZodType>(schema: S, value: unknown, what: 'body' | 'query'): z.output<S> {
  const read = schema.safeParse(value)
  if (read.success) return read.data
  const places = read.error.issues
    .slice(0, 5)
    .map(({ path, message }) => `${path.join('.') || `the ${what}`}: ${message}`)
  throw new LocketError('usage', `the ${what} is not what this path takes: ${places.join('; ')}`)
}

/** The status of each error, and 500 for those that are left out. */
const STATUSES: Readonly<Partial<Record<ErrorCode, number>>> = {
  usage: 400,
  config: 400,
  ref_syntax: 400,
  auth: 401,
  denied: 403,
  not_found: 404,
  too_large: 413,
  rate_limited: 429,
  unavailable: 503,
  io: 503,
  timeout: 503,
  aborted: 503,
}

/** A refusal, for a machine or a person. */
export interface RefusalFacts {
  readonly code: ErrorCode
  readonly status: number
  readonly reason: string
  /** The reason and the hint, as sentences for a person. */
  readonly sentences: string
  readonly retryAfter: string | undefined
}

/** A refusal as it is sent. */
interface SentRefusal {
  readonly status: number
  readonly body: Uint8Array
  readonly retryAfter: string | undefined
}

/**
 * Returns the facts of a request that failed. Bugs and failures of the broker are logged, and their texts are
 * not sent.
 */
export function factsOfRefusal(thrown: unknown, emit: Emit): RefusalFacts {
  const error = fromFastify(thrown) ?? toLocketError(thrown)
  const { code, retryAfterMs } = error
  const status = STATUSES[code] ?? 500
  if (status === 500 || code === 'io' || code === 'unavailable')
    emit('broker.trouble', { error: formatError(error) })
  const reason = status === 500 || code === 'io' ? 'the broker has failed: see its log' : formatError(error)
  const retryAfter = retryAfterMs === undefined ? undefined : String(Math.ceil(retryAfterMs / 1000))
  const isHidden = status === 500 || code === 'io'
  const sentences = [isHidden ? reason : error.message, isHidden ? undefined : error.hint].map(sentenceOf)
  return { code, status, reason, sentences: sentences.join(' ').trim(), retryAfter }
}

/** First words that get a capital letter. Another one may be a name, which has its own letters. */
const STARTS = /^(?:an?|the|this|there|only|you|name|tick|too|it|letters|load|ask|make|set|remove|run|use)\b/

/** `there is no such path` → `There is no such path.` */
function sentenceOf(words = ''): string {
  const first = words.charAt(0)
  const text = onOneLine(`${STARTS.test(words) ? first.toUpperCase() : first}${words.slice(1)}`)
  return text === '' || /[.!?]$/.test(text) ? text : `${text}.`
}

/** Returns the answer to a request that failed. The time in it shows a machine that its clock is wrong. */
export function sentRefusal(
  thrown: unknown,
  { emit, now }: { readonly emit: Emit; readonly now: number },
): SentRefusal {
  const { code, status, reason, retryAfter } = factsOfRefusal(thrown, emit)
  const body = new TextEncoder().encode(JSON.stringify({ error: { code, reason, time: now } }))
  return { status, body, retryAfter }
}

/** Sends a refusal. `headers` are those of its signature. */
export async function sendRefusal(
  reply: FastifyReply,
  { status, body, retryAfter }: SentRefusal,
  headers: Readonly<Record<string, string>> = {},
): Promise<FastifyReply> {
  if (retryAfter !== undefined) reply.header('retry-after', retryAfter)
  return reply
    .code(status)
    .headers({ 'content-type': JSON_TYPE, ...headers })
    .send(Buffer.from(body))
}

/** The media type of JSON. */
export const JSON_TYPE = 'application/json'

function fromFastify(thrown: unknown): LocketError | undefined {
  const code = typeof thrown === 'object' && thrown !== null && 'code' in thrown ? thrown.code : undefined
  if (typeof code !== 'string' || !code.startsWith('FST_')) return undefined
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE')
    return new LocketError('too_large', `the body is larger than ${BODY_LIMIT_BYTES} bytes`)
  return new LocketError('usage', `the request is not understood: ${code}`)
}
