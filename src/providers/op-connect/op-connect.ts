import { LocketError, toLocketError } from '../../core/errors.ts'
import { totp } from '../../core/filters/totp.ts'
import { createRef } from '../../core/ref.ts'
import type { RefId, SecretRef } from '../../core/ref.ts'
import { uniqueRefs } from '../../core/resolve.ts'
import type { Outcome, Outcomes } from '../../core/resolve.ts'
import { Secret } from '../../core/secret.ts'
import { field, section } from '../../settings/field.ts'
import type { SettingsOf } from '../../settings/field.ts'
import { Count, CredentialText, HttpUrl } from '../../settings/kinds.ts'
import { defineProvider } from '../define.ts'
import type { ProviderClient, ProviderDeps } from '../define.ts'
import { bearer, readCredential } from '../lib/credential.ts'
import { createHttpClient, throwIfAborted } from '../lib/http.ts'
import { formatOpReference, parseOpReference } from '../lib/op-reference.ts'
import { createConnectApi } from './api.ts'
import type { ConnectApi, FirstRefusal } from './api.ts'
import { createKnownNames, findItem } from './find-item.ts'
import type { KnownNames } from './find-item.ts'
import { selectField } from './select-field.ts'

const settings = section('op-connect', '1Password Connect', {
  host: field({
    name: 'connect-host',
    env: 'OP_CONNECT_HOST',
    schema: HttpUrl.optional(),
    summary: 'address of the 1Password Connect server; a path prefix is allowed',
    placeholder: 'URL',
    needsCredential: ['connect-token'],
  }),
  token: field({
    name: 'connect-token',
    env: 'OP_CONNECT_TOKEN',
    schema: CredentialText.optional(),
    summary: 'access token of the Connect server',
    placeholder: 'TOKEN',
    credential: true,
  }),
  maxConcurrent: field({
    name: 'connect-max-concurrent',
    env: 'OP_CONNECT_MAX_CONCURRENT',
    schema: Count,
    default: '20',
    summary: 'requests to the Connect server in flight at once',
    placeholder: 'COUNT',
  }),
})

export const opConnect = defineProvider({
  kind: 'op-connect',
  title: '1Password Connect',
  schemes: ['op'],
  settings,
  parse(text, instance) {
    const reference = parseOpReference(text)
    return reference === undefined ? undefined : createRef(instance, formatOpReference(reference), text)
  },
  check({ host, token }) {
    const lines: string[] = []
    if (host === undefined) lines.push('connect-host (OP_CONNECT_HOST) is not set')
    if (token === undefined) lines.push('connect-token (OP_CONNECT_TOKEN) is not set')
    return lines
  },
  open,
})

function open(
  { host, token, maxConcurrent }: SettingsOf<typeof settings>,
  deps: ProviderDeps,
): ProviderClient {
  if (host === undefined || token === undefined) {
    throw new LocketError(
      'config',
      'op-connect needs connect-host (OP_CONNECT_HOST) and connect-token (OP_CONNECT_TOKEN)',
    )
  }
  const credential = token
  const http = createHttpClient({ provider: 'op-connect', baseUrl: host, maxConcurrent })
  const known = createKnownNames()
  const refusal: FirstRefusal = { mayRetry: true }

  async function fetchAll(refs: readonly SecretRef[], signal: AbortSignal): Promise<Outcomes> {
    const wanted = uniqueRefs(refs)
    if (wanted.length === 0) return new Map()
    const api = await startBatch(signal)
    const now = deps.clock.now()
    const outcomes = await Promise.all(
      wanted.map(async (ref): Promise<[RefId, Outcome]> => [
        ref.id,
        await fetchOne(ref, { api, known, now }),
      ]),
    )
    const failed = outcomes.filter(([, outcome]) => !outcome.ok).length
    deps.log.debug('provider.fetch', 'references fetched', {
      provider: 'op-connect',
      references: wanted.length,
      failed,
    })
    return new Map(outcomes)
  }

  async function startBatch(signal: AbortSignal): Promise<ConnectApi> {
    throwIfAborted(http.who, signal)
    const secret = await readCredential(credential, deps.files, {
      provider: 'op-connect',
      setting: 'connect-token',
    })
    try {
      return createConnectApi(http, { authorization: bearer(secret), signal, refusal })
    } finally {
      secret.wipe()
    }
  }

  return {
    async fetch(refs, signal) {
      try {
        return await fetchAll(refs, signal)
      } catch (thrown) {
        // Only what concerns every reference alike comes here: the credential, an abort.
        const error = toLocketError(thrown)
        return new Map(uniqueRefs(refs).map((ref) => [ref.id, { ok: false, error }]))
      }
    },
    [Symbol.asyncDispose]: () => http[Symbol.asyncDispose](),
  }
}

interface Batch {
  readonly api: ConnectApi
  readonly known: KnownNames
  readonly now: number
}

async function fetchOne(ref: SecretRef, batch: Batch): Promise<Outcome> {
  try {
    return { ok: true, secret: { value: await fetchValue(ref, batch) } }
  } catch (thrown) {
    return { ok: false, error: toLocketError(thrown) }
  }
}

async function fetchValue(ref: SecretRef, { api, known, now }: Batch): Promise<Secret> {
  const reference = parseOpReference(ref.key)
  if (reference === undefined) throw new LocketError('internal', 'a reference of another provider')
  const { vaultId, item } = await findItem(api, known, reference)
  const selected = selectField(item, reference)
  if (selected.kind === 'file') return new Secret(await api.file(vaultId, item.id, selected.fileId))
  const text = new TextEncoder().encode(selected.text)
  if (selected.kind === 'text') return new Secret(text)
  try {
    return new Secret(totp.apply(text, [], { nowMs: now }))
  } finally {
    text.fill(0)
  }
}
