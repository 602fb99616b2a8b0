import { request as requestHttp, type IncomingMessage } from 'node:http'
import { request as requestHttps, type RequestOptions } from 'node:https'
import * as z from 'zod'
import { enrolStatement, serverStatement, type MachineIdentity } from '../../core/broker/identity-file.ts'
import {
  isSignatureOf,
  keyFingerprint,
  rawPublicKey,
  readPublicKey,
  sealingKeyOf,
  signBytes,
  toBase64,
  type Key,
} from '../../core/broker/keys.ts'
import { ERROR_KINDS, errnoOf, LocketError, onOneLine, type ErrorCode } from '../../core/vocabulary/errors.ts'
import { systemReason } from '../../core/vocabulary/system-errors.ts'

/** An enrolment as the user has asked for it. */
interface EnrolOrder {
  /** `https://broker.example:7468` or `unix:/run/locket/broker.sock`. */
  readonly url: string
  /** The token with the fingerprint of the broker's key: `le_….FINGERPRINT`. */
  readonly token: string
  readonly key: Key
  readonly signal: AbortSignal
}

/** The identity that a broker has given. */
interface EnrolResult {
  readonly identity: MachineIdentity
  readonly state: string
}

const ANSWER_MS = 20_000
const MOST_BYTES = 64 * 1024

const Server = z.object({ serverKey: z.string(), caPem: z.string().optional(), proof: z.string() })
const Enrolled = z.object({
  identity: z.object({
    machineId: z.string(),
    machineName: z.string(),
    apiUrl: z.string(),
    serverKey: z.string(),
    caPem: z.string().optional(),
    privateKeyPath: z.string(),
  }),
  state: z.string(),
})
const Failure = z.object({ error: z.object({ code: z.string(), reason: z.string() }) })

/**
 * Brings the public key of a machine to its broker. The token names the broker's key, so the first question
 * can go over a connection that nothing vouches for: it asks for the broker's authority, which that key has
 * signed. The token itself goes only over a connection that this authority vouches for.
 */
export async function enrolAt({ url, token, key, signal }: EnrolOrder): Promise<EnrolResult> {
  const [, secret, fingerprint] = /^(le_[a-z2-7]{26})\.([A-Za-z0-9+/]{43})$/.exec(token) ?? []
  if (secret === undefined || fingerprint === undefined)
    throw new LocketError('usage', 'the token is not complete', {
      hint: 'copy the whole line that locket machine add has printed',
    })
  const place = placeOf(url)
  const open = { ...place.options, path: '/v2/server', method: 'GET', rejectUnauthorized: false }
  const server = Server.parse(await ask(place, open, undefined, signal))
  const serverKey = readPublicKey(server.serverKey)
  if (
    serverKey === undefined ||
    keyFingerprint(serverKey) !== `SHA256:${fingerprint}` ||
    !isSignatureOf(serverKey, serverStatement(server.caPem), Buffer.from(server.proof, 'base64'))
  )
    throw new LocketError('auth', `${url} is not the broker that has made this token`, {
      hint: 'somebody may be in between: check the address, and add the machine again if it is right',
    })
  const body = {
    token: secret,
    signing: toBase64(rawPublicKey(key)),
    sealing: toBase64(rawPublicKey(sealingKeyOf(key))),
    proof: toBase64(signBytes(key, enrolStatement(secret))),
  }
  const trusted = { ...place.options, path: '/v2/enrol', method: 'POST', ...caOf(server.caPem) }
  const { identity, state } = Enrolled.parse(await ask(place, trusted, JSON.stringify(body), signal))
  const { caPem, ...rest } = identity
  return { identity: { ...rest, ...(caPem === undefined ? {} : { caPem }) }, state }
}

interface Place {
  readonly url: string
  readonly isTls: boolean
  readonly options: RequestOptions
}

function placeOf(url: string): Place {
  const socketPath = /^unix:(?:\/\/)?(\/.+)$/.exec(url)?.[1]
  if (socketPath !== undefined) return { url, isTls: false, options: { socketPath, agent: false } }
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (parsed?.protocol !== 'https:')
    throw new LocketError('usage', 'the address of a broker starts with https:// or unix:/')
  const hostname = parsed.hostname.replace(/^\[(.*)\]$/, '$1')
  return {
    url,
    isTls: true,
    options: { hostname, port: parsed.port === '' ? 443 : parsed.port, agent: false },
  }
}

function caOf(caPem: string | undefined): RequestOptions {
  return caPem === undefined ? {} : { ca: caPem }
}

async function ask(
  { url, isTls }: Place,
  options: RequestOptions,
  body: string | undefined,
  signal: AbortSignal,
): Promise<unknown> {
  const both = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)])
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const asked = (isTls ? requestHttps : requestHttp)({ ...options, signal: both })
  asked.once('response', resolve)
  asked.on('error', reject)
  asked.end(body)
  try {
    const answer = await promise
    const chunks: Buffer[] = []
    let size = 0
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      chunks.push(chunk)
      if ((size += chunk.byteLength) > MOST_BYTES) throw new Error('too large')
    }
    const value: unknown = JSON.parse(Buffer.concat(chunks).toString())
    if (answer.statusCode === 200) return value
    throw refusal(value, url)
  } catch (thrown) {
    signal.throwIfAborted()
    if (thrown instanceof LocketError) throw thrown
    throw new LocketError(
      'unavailable',
      `${url} does not answer as a broker: ${systemReason(errnoOf(thrown))}`,
      {
        cause: thrown,
      },
    )
  }
}

function refusal(value: unknown, url: string): LocketError {
  const read = Failure.safeParse(value)
  if (!read.success) return new LocketError('provider_protocol', `${url} is not a broker`)
  const { code, reason } = read.data.error
  const known = Object.hasOwn(ERROR_KINDS, code) ? (code as ErrorCode) : 'unavailable'
  return new LocketError(known, onOneLine(reason).slice(0, 300))
}
