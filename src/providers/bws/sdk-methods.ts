import * as z from 'zod'

/**
 * The name of the SDK's package. It is joined at run time, so that no bundler includes the package: its
 * licence does not allow that, and most installations do not have it.
 */
export const SDK_PACKAGE = ['@bitwarden', 'sdk-napi'].join('/')

/**
 * The log level of the SDK, counted from 0 (`trace`). The first two levels, `trace` and `debug`, print the
 * client secret.
 */
const LOG_ERRORS_ONLY = 4

const LoginCall = z.object({
  /** The digest of the access token. */
  digest: z.string(),
  token: z.string(),
  apiUrl: z.string(),
  identityUrl: z.string(),
  userAgent: z.string(),
})
/** The argument of the method `login`. */
export type LoginCall = z.output<typeof LoginCall>

const ReadCall = z.object({
  digest: z.string(),
  wanted: z.array(z.object({ id: z.string(), field: z.enum(['value', 'key', 'note']) })),
})
/** The argument of the method `read`. */
export type ReadCall = z.output<typeof ReadCall>

/** The answer of the methods. It holds no text of the SDK's, because those texts quote bodies. */
export const Reply = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('done') }),
  /** The values in the order of `wanted`; undefined: the server left the value out. */
  z.object({ kind: z.literal('values'), values: z.array(z.instanceof(Uint8Array).optional()) }),
  /** The package is not installed, or has no build for this machine. */
  z.object({ kind: z.literal('absent') }),
  /** This process has no login with that digest. */
  z.object({ kind: z.literal('no-login') }),
  z.object({ kind: z.literal('status'), status: z.number(), isJson: z.boolean() }),
  z.object({ kind: z.literal('refused') }),
  z.object({ kind: z.literal('unreachable') }),
  z.object({ kind: z.literal('broken-off') }),
  z.object({ kind: z.literal('not-decrypted') }),
  z.object({ kind: z.literal('unreadable') }),
])
/** The answer of the methods as a type. */
export type Reply = z.output<typeof Reply>

interface Client {
  auth(): { loginAccessToken(token: string): Promise<unknown> }
  secrets(): { getByIds(ids: readonly string[]): Promise<unknown> }
}

const Sdk = z.object({
  BitwardenClient: z.custom<new (settings: object, logLevel: number) => Client>(
    (value) => typeof value === 'function',
  ),
})
const Secrets = z.object({
  data: z.array(z.object({ id: z.string(), key: z.string(), value: z.string(), note: z.string() })),
})

/**
 * Several logins are kept, because a new token may appear in the file while calls with the old one are
 * running.
 */
const MOST_LOGINS = 4
const logins = new Map<string, Client>()

/** The methods of the fenced process, see `LIBRARIES`. */
export const methods = {
  load: async (): Promise<Reply> => ((await loadSdk()) === undefined ? { kind: 'absent' } : { kind: 'done' }),
  login: (argument: unknown) => logIn(LoginCall.parse(argument)),
  read: (argument: unknown) => read(ReadCall.parse(argument)),
}

async function loadSdk(): Promise<z.output<typeof Sdk> | undefined> {
  try {
    const loaded: unknown = await import(SDK_PACKAGE)
    return z.object({ default: Sdk }).parse(loaded).default
  } catch {
    return undefined
  }
}

async function logIn({ digest, token, apiUrl, identityUrl, userAgent }: LoginCall): Promise<Reply> {
  const sdk = await loadSdk()
  if (sdk === undefined) return { kind: 'absent' }
  try {
    const settings = { apiUrl, identityUrl, userAgent, deviceType: 'SDK' }
    const client = new sdk.BitwardenClient(settings, LOG_ERRORS_ONLY)
    await client.auth().loginAccessToken(token)
    keep(digest, client)
    return { kind: 'done' }
  } catch (thrown) {
    return readFailure(thrown)
  }
}

function keep(digest: string, client: Client): void {
  logins.delete(digest)
  logins.set(digest, client)
  const [oldest] = logins.keys()
  if (logins.size > MOST_LOGINS && oldest !== undefined) logins.delete(oldest)
}

async function read({ digest, wanted }: ReadCall): Promise<Reply> {
  const client = logins.get(digest)
  if (client === undefined) return { kind: 'no-login' }
  try {
    const ids = [...new Set(wanted.map(({ id }) => id))]
    const { data } = Secrets.parse(await client.secrets().getByIds(ids))
    const byId = new Map(data.map((secret) => [secret.id.toLowerCase(), secret]))
    return { kind: 'values', values: wanted.map(({ id, field }) => bytesOf(byId.get(id)?.[field])) }
  } catch (thrown) {
    return readFailure(thrown)
  }
}

function bytesOf(text: string | undefined): Uint8Array<ArrayBuffer> | undefined {
  return text === undefined ? undefined : new TextEncoder().encode(text)
}

/** Reads an error of the SDK. The SDK throws only texts, and only their beginning is its own. */
function readFailure(thrown: unknown): Reply {
  const text = thrown instanceof Error ? thrown.message : ''
  const [, status, body = ''] =
    /^Received error message from server: \[(\d{3}) [^\]]*\]\s*(.?)/s.exec(text) ?? []
  if (status !== undefined) return { kind: 'status', status: Number(status), isJson: body === '{' }
  if (text.startsWith('Error parsing Identity response')) return { kind: 'refused' }
  if (text.startsWith('error sending request')) return { kind: 'unreachable' }
  if (text.startsWith('error decoding response body')) return { kind: 'broken-off' }
  if (text.startsWith('Cryptography error')) return { kind: 'not-decrypted' }
  return { kind: 'unreadable' }
}
