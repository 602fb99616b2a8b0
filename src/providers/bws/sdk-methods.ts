import * as z from 'zod'

/**
 * Joined, so that no bundler includes the package: its licence does not allow that, and most installations
 * lack it.
 */
export const SDK_PACKAGE = ['@bitwarden', 'sdk-napi'].join('/')

/** Levels count from 0, `trace`. The first two, `trace` and `debug`, print the client secret. */
const LOG_ERRORS_ONLY = 4

const LoginCall = z.object({
  /** Tells one access token from another. */
  digest: z.string(),
  token: z.string(),
  apiUrl: z.string(),
  identityUrl: z.string(),
  userAgent: z.string(),
})
export type LoginCall = z.output<typeof LoginCall>

const ReadCall = z.object({
  digest: z.string(),
  wanted: z.array(z.object({ id: z.string(), field: z.enum(['value', 'key', 'note']) })),
})
export type ReadCall = z.output<typeof ReadCall>

/** The answer of a method. It has none of the SDK's own texts, which quote bodies. */
export const Reply = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('done') }),
  /** In the order of `wanted`; undefined: the server left it out. */
  z.object({ kind: z.literal('values'), values: z.array(z.instanceof(Uint8Array).optional()) }),
  /** The package is not there, or has no build for this machine. */
  z.object({ kind: z.literal('absent') }),
  /** This process knows no login of that digest. */
  z.object({ kind: z.literal('no-login') }),
  z.object({ kind: z.literal('status'), status: z.number(), isJson: z.boolean() }),
  z.object({ kind: z.literal('refused') }),
  z.object({ kind: z.literal('unreachable') }),
  z.object({ kind: z.literal('broken-off') }),
  z.object({ kind: z.literal('not-decrypted') }),
  z.object({ kind: z.literal('unreadable') }),
])
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

/** A new token in the same file may come while calls with the old one are under way. */
const MOST_LOGINS = 4
const logins = new Map<string, Client>()

/** As `LIBRARIES` wants them. */
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

/** The SDK throws texts alone, of which only the beginning is its own. */
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
