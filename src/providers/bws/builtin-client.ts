import { LocketError, isLocketError, toLocketError } from '../../core/vocabulary/errors.ts'
import type { Outcome } from '../../core/vocabulary/resolve.ts'
import { Secret } from '../../core/vocabulary/secret.ts'
import { readCredential } from '../lib/login/credential.ts'
import { createHttpClient } from '../lib/http/http.ts'
import type { HttpClient, Refusal } from '../lib/http/http.ts'
import { createSessions } from '../lib/login/sessions.ts'
import type { Session } from '../lib/login/sessions.ts'
import { parseAccessToken } from './access-token.ts'
import type { AccessToken } from './access-token.ts'
import {
  damagedToken,
  noBwsSecret,
  noServer,
  notAccepted,
  readField,
  readLogin,
  readPayload,
  readSecrets,
} from './answers.ts'
import type { EncryptedSecret } from './answers.ts'
import type { BwsAnswer, BwsClient, BwsOptions, BwsQuery } from './client.ts'
import { decryptEncString, isSealedWith, parseEncString } from './enc-string.ts'
import type { BwsField } from './refs.ts'
import { providerError } from '../lib/provider-error.ts'

const MAX_LOGIN_BYTES = 256 * 1024
/**
 * The largest answer in bytes. It has room for 250 secrets (`MOST_IDS` in gather.ts), each with 35 kB of text
 * that is encrypted and in base64.
 */
const MAX_SECRETS_BYTES = 16 * 1024 * 1024

/** The result of a login. */
interface Keys {
  readonly authorization: string
  /** The organisation's key of 64 bytes, with which all its secrets are encrypted. */
  readonly key: Uint8Array
}

/** Makes a client that speaks Bitwarden's protocol with `node:crypto`. It needs no package of Bitwarden's. */
export function createBuiltinClient(
  options: BwsOptions & {
    readonly maxConcurrent: number
    readonly caCert: (() => Promise<string>) | undefined
  },
): BwsClient {
  const { provider, token, files, userAgent, traffic } = options
  const api = createHttpClient({ ...options, baseUrl: options.apiUrl })
  const identity = api.at(options.identityUrl)

  const sessions = createSessions<Keys>({
    clock: traffic.clock,
    readCredentials: async () => [await readCredential(token, files, { provider, setting: 'bws-token' })],
    async login([credential], signal) {
      if (credential === undefined) throw providerError('internal', `${provider}: a login without a token`)
      const accessToken = parseAccessToken(credential, `${provider}: bws-token`)
      try {
        return await logIn(identity, accessToken, userAgent, signal)
      } finally {
        accessToken.key.fill(0)
      }
    },
    wipe: ({ key }) => void key.fill(0),
  })

  return {
    use: (signal, work) =>
      sessions.use(signal, (keys) =>
        work({ read: (take, readSignal) => read(api, keys, { take, userAgent, signal: readSignal }) }),
      ),
    async [Symbol.asyncDispose]() {
      sessions[Symbol.dispose]()
      await api[Symbol.asyncDispose]()
    },
  }
}

async function logIn(
  identity: HttpClient,
  token: AccessToken,
  userAgent: string,
  signal: AbortSignal,
): Promise<Session<Keys>> {
  const body = loginForm(token)
  try {
    const answer = await identity.sendJson({
      method: 'POST',
      path: '/connect/token',
      headers: {
        accept: 'application/json',
        'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
        'device-type': '21',
        'user-agent': userAgent,
      },
      body,
      maxBytes: MAX_LOGIN_BYTES,
      signal,
      mayRepeat: false,
      explain: (refusal) => explainLogin(refusal, identity.who),
    })
    const login = readLogin(answer, identity.who)
    const value = {
      authorization: `Bearer ${login.access_token}`,
      key: organisationKey(login.encrypted_payload, token.key, identity.who),
    }
    return { value, lifetimeMs: login.expires_in * 1000 }
  } finally {
    body.fill(0)
  }
}

function loginForm({ clientId, clientSecret }: AccessToken): Uint8Array<ArrayBuffer> {
  const form = new URLSearchParams({
    scope: 'api.secrets',
    client_id: clientId,
    client_secret: clientSecret,
    grant_type: 'client_credentials',
  })
  return new TextEncoder().encode(form.toString())
}

function explainLogin({ status, body }: Refusal, who: string): LocketError | undefined {
  if (status === 404) return noServer(who, 'bws-identity-url')
  const error = typeof body === 'object' && body !== null ? Reflect.get(body, 'error') : undefined
  const isRefused = error === 'invalid_client' || error === 'invalid_grant'
  return status === 400 && isRefused ? notAccepted(who) : undefined
}

function organisationKey(payload: string, tokenKey: Uint8Array, who: string): Uint8Array {
  const what = `${who} sent a key of the organisation`
  const encrypted = parseEncString(payload, what)
  if (!isSealedWith(encrypted, tokenKey)) throw damagedToken(who)
  const plain = decryptEncString(encrypted, tokenKey, what)
  try {
    return readPayload(plain, who)
  } finally {
    plain.fill(0)
  }
}

async function read(
  api: HttpClient,
  { authorization, key }: Keys,
  call: {
    readonly take: () => readonly BwsQuery[]
    readonly userAgent: string
    readonly signal: AbortSignal
  },
): Promise<BwsAnswer> {
  let wanted: readonly BwsQuery[] = []
  try {
    const answer = await api.sendJson({
      method: 'POST',
      path: '/secrets/get-by-ids',
      headers: {
        authorization,
        accept: 'application/json',
        'content-type': 'application/json',
        'user-agent': call.userAgent,
      },
      body: () => {
        wanted = call.take()
        return new TextEncoder().encode(JSON.stringify({ ids: [...new Set(wanted.map(({ id }) => id))] }))
      },
      maxBytes: MAX_SECRETS_BYTES,
      signal: call.signal,
      explain: ({ status, body }) => explainRead(status, body, api.who),
    })
    return { kind: 'some', outcomes: decryptAll(readSecrets(answer, api.who), wanted, key, api.who) }
  } catch (thrown) {
    if (isLocketError(thrown) && thrown.code === 'not_found') return { kind: 'none', error: thrown }
    throw thrown
  }
}

/** Explains a 404: the API sends it with a JSON body, a reverse proxy without one. */
function explainRead(status: number, body: unknown, who: string): LocketError | undefined {
  if (status !== 404) return undefined
  return typeof body === 'object' && body !== null ? noBwsSecret(who) : noServer(who, 'bws-api-url')
}

/** Decrypts only the fields that are wanted of each secret. */
function decryptAll(
  secrets: readonly EncryptedSecret[],
  wanted: readonly BwsQuery[],
  key: Uint8Array,
  who: string,
): ReadonlyMap<string, Outcome> {
  const byId = new Map(secrets.map((secret) => [secret.id.toLowerCase(), secret]))
  const outcomes = new Map<string, Outcome>()
  for (const { key: name, id, field } of wanted) {
    const secret = byId.get(id)
    if (secret !== undefined) outcomes.set(name, decryptOne(secret, field, key, who))
  }
  return outcomes
}

function decryptOne(secret: EncryptedSecret, field: BwsField, key: Uint8Array, who: string): Outcome {
  const what = `${who} sent a ${field}`
  try {
    const text = readField(secret, field, who)
    const bytes = text === '' ? new Uint8Array(0) : decryptEncString(parseEncString(text, what), key, what)
    return { ok: true, secret: { value: new Secret(bytes) } }
  } catch (thrown) {
    return { ok: false, error: toLocketError(thrown) }
  }
}
