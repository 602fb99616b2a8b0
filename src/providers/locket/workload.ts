import * as z from 'zod'
import { workloadStatement } from '../../core/broker/identity-file.ts'
import { createSigningKey, rawPublicKey, sealingKeyOf, signBytes, toBase64 } from '../../core/broker/keys.ts'
import type { Clock } from '../../core/ports/clock.ts'
import { onOneLine } from '../../core/vocabulary/errors.ts'
import type { HttpClient, Refusal } from '../lib/http/http.ts'
import { providerError } from '../lib/provider-error.ts'
import type { LoadedIdentity, LoadedWorkload } from './identity.ts'

const Answer = z.object({ session: z.string().regex(/^w_[a-z0-9]{26}$/), expires: z.number() })
const Failure = z.object({ error: z.object({ code: z.string(), reason: z.string() }) })
const MOST_REASON = 300

/** The access that a broker has given for a token. */
interface WorkloadLogin {
  /** The identity that signs requests: that of a session, with a key of the moment. */
  readonly identity: LoadedIdentity
  readonly lifetimeMs: number
}

/**
 * Shows the token to the broker, once, together with a key that is made for that and is never stored. Rejects
 * with `auth` for a token that the broker refuses.
 */
export async function logInWorkload(
  workload: LoadedWorkload,
  { http, clock }: { readonly http: HttpClient; readonly clock: Clock },
  signal: AbortSignal,
): Promise<WorkloadLogin> {
  const { machine, token, kind: _kind, ...rest } = workload
  const key = createSigningKey()
  const [signing, sealing] = [rawPublicKey(key), rawPublicKey(sealingKeyOf(key))].map(toBase64)
  const proof = toBase64(signBytes(key, workloadStatement(token, { machine, sealing: sealing ?? '' })))
  const body = new TextEncoder().encode(JSON.stringify({ machine, token, signing, sealing, proof }))
  try {
    const answer = await http.sendJson({
      method: 'POST',
      path: '/v2/workload',
      headers: { 'content-type': 'application/json' },
      body,
      signal,
      explain: (refusal) => explain(refusal, http.who),
    })
    const read = Answer.safeParse(answer)
    if (!read.success)
      throw providerError('provider_protocol', `${http.who} sent an answer that cannot be read`)
    const { session, expires } = read.data
    const lifetimeMs = Math.max(0, expires - clock.now())
    return { identity: { kind: 'key', machine: session, key, ...rest }, lifetimeMs }
  } finally {
    body.fill(0)
  }
}

function explain({ status, body }: Refusal, who: string) {
  if (status !== 401) return undefined
  const read = Failure.safeParse(body)
  // The broker is known by its certificate, and its reasons never hold a part of the token.
  const reason = read.success ? onOneLine(read.data.error.reason).slice(0, MOST_REASON) : 'status 401'
  return providerError('auth', `${who} does not accept the token of this workload: ${reason}`, {
    hint: 'the issuer, the audience and the claims must fit: on the host of the broker, locket audit show --broker --outcome denied tells which does not',
  })
}
