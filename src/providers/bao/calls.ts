import type { LocketError } from '../../core/vocabulary/errors.ts'
import type { HttpClient, Refusal } from '../lib/http/http.ts'
import { explainAny } from './explain.ts'
import { parseExact } from '../lib/reference/exact-json.ts'

const HINT = 'is bao-url the address of an OpenBao or Vault server?'

/**
 * Bytes of one answer. A secret is at most 1 MiB in the integrated storage of OpenBao and Vault
 * (`max_entry_size`, https://openbao.org/docs/configuration/storage/raft/). The rest is for JSON escapes and
 * metadata.
 */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024

interface BaoCall {
  /** The segments of the path after `/v1/`, not encoded. */
  readonly path: readonly string[]
  readonly query?: string
  readonly signal: AbortSignal
  /** The meaning of a refusal that is specific to this call; undefined: the general meaning applies. */
  readonly explain?: (refusal: Refusal) => LocketError | undefined
}

/**
 * Sends requests with the headers of OpenBao and Vault, and explains their errors. Answers are JSON with
 * exact numbers.
 */
export interface Calls {
  /** The server, for messages: `bao at http://b:8200`. */
  readonly who: string
  /** The text ` in namespace "x"` for messages, or an empty text. */
  readonly inNamespace: string
  /** Sends a GET request with the token. */
  get(call: BaoCall & { readonly token: string }): Promise<unknown>
  /** Sends a POST request with the token. Resolves with undefined for an answer without content. */
  post(call: BaoCall & { readonly token: string; readonly body: object }): Promise<unknown>
  /** Sends a login. It is sent once and never repeated automatically. */
  login(call: BaoCall & { readonly body: object }): Promise<unknown>
}

/**
 * Makes the calls to one server. Every request has `X-Vault-Request`, which an Agent or Proxy with
 * `require_request_header` demands (OpenBao API documentation). Request bodies are wiped.
 */
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

  async function post(
    call: BaoCall & { readonly body: object },
    own: Readonly<Record<string, string>>,
    options: { readonly mayRepeat?: false } = {},
  ): Promise<unknown> {
    const body = new TextEncoder().encode(JSON.stringify(call.body))
    try {
      const answer = await http.send({
        ...shared(call),
        ...options,
        method: 'POST',
        headers: { ...headers, ...own, 'content-type': 'application/json' },
        body,
      })
      return answer.byteLength === 0 ? undefined : parseExact(answer, who, HINT)
    } finally {
      body.fill(0)
    }
  }

  return {
    who,
    inNamespace: namespace === undefined ? '' : ` in namespace "${namespace}"`,
    async get(call) {
      const answer = await http.send({
        ...shared(call),
        headers: { ...headers, 'x-vault-token': call.token },
      })
      return parseExact(answer, who, HINT)
    },
    post: (call) => post(call, { 'x-vault-token': call.token }),
    login: (call) => post(call, {}, { mayRepeat: false }),
  }
}
