import type { KeyObject } from 'node:crypto'
import * as z from 'zod'
import { sealingKeyOf } from '../../core/broker/keys.ts'
import { openSealed, SEALED_TYPE } from '../../core/broker/sealed/seal.ts'
import { isAnswerOf } from '../../core/broker/signing/answer-signature.ts'
import { parseSignature } from '../../core/broker/signing/signature-fields.ts'
import { signRequest } from '../../core/broker/signing/request-signature.ts'
import { createNonce } from '../../core/broker/tokens.ts'
import type { Clock } from '../../core/ports/clock.ts'
import { LocketError } from '../../core/vocabulary/errors.ts'
import type { HttpClient, Refusal } from '../lib/http/http.ts'
import { readJson } from '../lib/http/json.ts'
import { providerError } from '../lib/provider-error.ts'
import type { LoadedIdentity } from './identity.ts'

/** A connection to a broker in the name of one machine. */
export interface BrokerSession {
  readonly http: HttpClient
  /**
   * Sends a signed request and resolves with the JSON of the answer, after its signature was checked. Rejects
   * with `auth` if the broker does not answer this machine, and with `provider_protocol` for an answer that
   * the broker's key has not signed for this request.
   */
  ask(request: {
    readonly method: 'GET' | 'POST'
    readonly url: string
    readonly body?: unknown
    /** The broker answers when something changes: the question goes outside the limits of all others. */
    readonly isHeld?: true
    readonly signal: AbortSignal
  }): Promise<unknown>
}

/** Largest answer in bytes: the values of one mount in base64, of which a volume holds at most 32 MiB. */
const MAX_BYTES = 96 * 1024 * 1024
/** Values of one answer: 2000 references, or all fields of some. */
const MAX_VALUES = 200_000
/** Milliseconds that the clocks may differ before a refusal is explained by that. */
const MOST_SKEW_MS = 55_000
const EMPTY = new Uint8Array(0)

const Failure = z.object({ error: z.object({ time: z.number() }) })

/** The connections of a session. */
interface SessionPorts {
  readonly http: HttpClient
  /** For questions that are held. */
  readonly held: HttpClient
  /** The host and port that the signature covers. */
  readonly authority: string
  readonly clock: Clock
}

/** Makes a session; it sends nothing. */
export function createBrokerSession(
  identity: LoadedIdentity,
  { http, held, authority, clock }: SessionPorts,
): BrokerSession {
  const { machine, key, serverKey } = identity
  const { who } = http
  let sealing: KeyObject | undefined

  function explain(refusal: Refusal): LocketError | undefined {
    const { status, body } = refusal
    if (status === 413) return providerError('too_large', `${who} takes no batch of that size (status 413)`)
    if (status !== 401) return undefined
    const read = Failure.safeParse(body)
    const skewMs = read.success ? clock.now() - read.data.error.time : 0
    if (Math.abs(skewMs) > MOST_SKEW_MS) return wrongClock(who, skewMs)
    return providerError('auth', `${who} does not answer this machine (status 401)`, {
      hint: 'was it disabled or removed, has it expired, does it wait for approval, or may it not ask from this address? `locket machine show` on the host of the broker tells',
    })
  }

  /** Returns the plain body of an answer to the request with this signature. */
  function verified(
    { status, header }: Pick<Refusal, 'status' | 'header'>,
    body: Uint8Array,
    requestSignature: Uint8Array,
  ): Uint8Array {
    const contentType = header('content-type') ?? ''
    if (!isAnswerOf(serverKey, { status, contentType, body, requestSignature }, header)) {
      body.fill(0)
      throw providerError('provider_protocol', `${who} sent an answer that the broker's key has not signed`, {
        hint: 'is that the broker of this identity, and is nothing in between that changes answers?',
      })
    }
    if (contentType !== SEALED_TYPE) return body
    sealing ??= sealingKeyOf(key)
    const plain = openSealed(body, sealing, requestSignature)
    body.fill(0)
    if (plain !== undefined) return plain
    throw providerError('provider_protocol', `${who} sent an answer that is not sealed for this machine`)
  }

  return {
    http,
    async ask({ method, url, body, isHeld, signal }) {
      const sent = body === undefined ? undefined : new TextEncoder().encode(JSON.stringify(body))
      let requestSignature: Uint8Array = EMPTY
      const answer = await (isHeld === true ? held : http).send({
        ...(isHeld === true ? { mayRepeat: false } : {}),
        method,
        path: url,
        ...(sent === undefined ? {} : { body: sent }),
        // Each try is signed anew: the broker refuses a nonce that it has seen.
        headers(bytes) {
          const by = { key, machine, now: clock.now(), nonce: createNonce() }
          const signed = signRequest({ method, authority, url }, bytes ?? EMPTY, by)
          requestSignature = parseSignature(signed.signature)?.signature ?? EMPTY
          return signed
        },
        maxBytes: MAX_BYTES,
        signal,
        explain,
        verify: (head, bytes) => verified(head, bytes, requestSignature),
      })
      try {
        return readJson(answer, { who, maxValues: MAX_VALUES })
      } finally {
        answer.fill(0)
      }
    },
  }
}

function wrongClock(who: string, skewMs: number): LocketError {
  const seconds = Math.round(Math.abs(skewMs) / 1000)
  const direction = skewMs > 0 ? 'ahead of' : 'behind'
  return providerError('auth', `the clock of this machine is ${seconds} s ${direction} that of ${who}`, {
    hint: 'a request counts for 60 s: set the clock, for example with an NTP service',
  })
}
