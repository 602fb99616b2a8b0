import type { LocketError } from '../../core/vocabulary/errors.ts'
import type { HttpClient, Refusal } from '../lib/http/http.ts'
import { explainAny } from './explain.ts'
import { parseExact } from './json.ts'

/**
 * A secret is at most 1 MiB in OpenBao's and Vault's integrated storage (`max_entry_size`,
 * https://openbao.org/docs/configuration/storage/raft/). Its JSON has escapes and what is around it besides.
 */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024

interface BaoCall {
  /** Segments after `/v1/`, not encoded. */
  readonly path: readonly string[]
  readonly query?: string
  readonly signal: AbortSignal
  /** What a refusal means to this call, where that is not what it means to all. */
  readonly explain?: (refusal: Refusal) => LocketError | undefined
}

/** Requests in the manner of OpenBao and Vault: their headers, their errors. Answers are JSON with exact numbers. */
export interface Calls {
  readonly who: string
  /** ` in namespace "x"`, or nothing. For messages. */
  readonly inNamespace: string
  get(call: BaoCall & { readonly token: string }): Promise<unknown>
  /** A login: sent once, and never again by itself. */
  login(call: BaoCall & { readonly body: object }): Promise<unknown>
}

export function createCalls(http: HttpClient, namespace: string | undefined): Calls {
  const { who } = http
  const headers = {
    accept: 'application/json',
    'x-vault-request': 'true',
    ...(namespace === undefined ? {} : { 'x-vault-namespace': namespace }),
  }
  const shared = ({ path, query = '', signal, explain }: BaoCall) => ({
    path: `/v1/${path.map(encodeURIComponent).join('/')}${query}`,
    maxBytes: MAX_ANSWER_BYTES,
    signal,
    explain: (refusal: Refusal) => explainAny(who, refusal) ?? explain?.(refusal),
  })

  return {
    who,
    inNamespace: namespace === undefined ? '' : ` in namespace "${namespace}"`,
    async get(call) {
      const answer = await http.send({
        ...shared(call),
        headers: { ...headers, 'x-vault-token': call.token },
      })
      return parseExact(answer, who)
    },
    async login(call) {
      const body = new TextEncoder().encode(JSON.stringify(call.body))
      try {
        const answer = await http.send({
          ...shared(call),
          method: 'POST',
          headers: { ...headers, 'content-type': 'application/json' },
          body,
          mayRepeat: false,
        })
        return parseExact(answer, who)
      } finally {
        body.fill(0)
      }
    },
  }
}
