import { readFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { Agent, request } from 'node:https'
import { getCACertificates } from 'node:tls'
import { jsonExcess } from '../../../core/text/json-shape.ts'
import { errnoOf, isLocketError, LocketError, toLocketError } from '../../../core/vocabulary/errors.ts'
import { systemReason } from '../../../core/vocabulary/system-errors.ts'

/** Resolves with the proxy variables, in Node's form, for requests to a server. Rejects with `config`. */
export type ProxyFor = (target: URL) => Promise<Readonly<Record<string, string>>>

/** The parts of the process that a question to an issuer needs. */
export interface IssuerRoute {
  /** A PEM file of authorities to trust beside the usual ones. */
  readonly caCert?: string | undefined
  readonly proxyFor: ProxyFor
}

/** Milliseconds for a whole answer. */
const ANSWER_MS = 5000
const MOST_BYTES = 256 * 1024
const JSON_LIMITS = { depth: 8, values: 10_000 } as const

/**
 * Resolves with the JSON at a URL of https. It follows no redirect. Rejects with `unavailable` for everything
 * but an answer of status 200 with at most 256 KiB within 5 s.
 */
export async function fetchJson(url: string, { caCert, proxyFor }: IssuerRoute): Promise<unknown> {
  const signal = AbortSignal.timeout(ANSWER_MS)
  try {
    const own = caCert === undefined ? {} : { ca: [...getCACertificates(), await readFile(caCert, 'utf8')] }
    const proxyEnv = await proxyFor(new URL(url)).catch((thrown: unknown) => {
      throw unusable(url, toLocketError(thrown).message, thrown)
    })
    const agent = new Agent({ proxyEnv, ...own })
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
    const asked = request(url, { agent, signal, headers: { accept: 'application/json' }, ...own })
    asked.once('response', resolve)
    asked.on('error', reject)
    asked.end()
    const answer = await promise
    try {
      if (answer.statusCode !== 200) throw unusable(url, `it answers with the status ${answer.statusCode}`)
      return parseKeys(await bodyOf(answer, url), url)
    } finally {
      answer.destroy()
      agent.destroy()
    }
  } catch (thrown) {
    if (isLocketError(thrown)) throw thrown
    throw unusable(
      url,
      signal.aborted ? 'it does not answer within 5 s' : systemReason(errnoOf(thrown)),
      thrown,
    )
  }
}

/** Resolves with the JSON of a file. Rejects with `unavailable`. */
export async function readJsonFile(path: string): Promise<unknown> {
  const bytes = await readFile(path).catch((thrown: unknown) => {
    throw unusable(path, systemReason(errnoOf(thrown)), thrown)
  })
  return parseKeys(bytes, path)
}

async function bodyOf(answer: IncomingMessage, url: string): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    if ((size += chunk.byteLength) > MOST_BYTES) throw unusable(url, 'its answer is larger than 256 KiB')
  }
  return Buffer.concat(chunks)
}

function parseKeys(bytes: Buffer, from: string): unknown {
  if (bytes.byteLength > MOST_BYTES) throw unusable(from, 'it is larger than 256 KiB')
  if (jsonExcess(bytes, JSON_LIMITS) !== undefined) throw unusable(from, 'it has too many values')
  try {
    return JSON.parse(bytes.toString())
  } catch {
    throw unusable(from, 'it is not JSON')
  }
}

/** Returns the error for a place that gives no keys. */
export function unusable(from: string, reason: string, cause?: unknown): LocketError {
  return new LocketError('unavailable', `there are no keys from ${from}: ${reason}`, { cause })
}
