import { LocketError } from '../../core/vocabulary/errors.ts'
import { refusalOf } from './watched-fetch.ts'
import { providerError } from '../lib/provider-error.ts'

// Only this file reads the SDK's texts. `test/contract/op/op-sdk.test.ts` provokes each of them.

const NOT_A_TOKEN = 'op-token is not a service account token'
const WHOLE = 'it begins with ops_ and is one long word: was it copied whole?'

/** The ends of the SDK's messages, and the HTTP status that each of them reports. */
const STATUSES: Readonly<Record<string, number>> = {
  'bad request': 400,
  'you are not authenticated': 401,
  "you don't have the right permissions to access this resource": 403,
  'resource not found': 404,
  'request timeout': 408,
  'a conflict occurred on the server. this usually happens due to a race condition in requests': 409,
  'rate limit exceeded': 429,
  'internal server error': 500,
}

type Reading = readonly [pattern: RegExp, explain: (who: string) => LocketError]

const READINGS: readonly Reading[] = [
  [
    /: +(service account token had invalid format|service account token base64 decoding failed, please create another token|service account deserialization failed, please create another token)$/,
    (who) => providerError('auth', `${who}: ${NOT_A_TOKEN}`, { hint: WHOLE }),
  ],
  [
    /^authentication error: bad service account token, please rotate it: /,
    (who) =>
      providerError('auth', `${who}: op-token cannot be used with what the server answers`, {
        hint: 'rotate it: make another token for the service account',
      }),
  ],
  [
    /: reqwest library: error sending request$/,
    (who) => providerError('unavailable', `${who}: 1Password could not be reached`),
  ],
  [
    /: Unexpected error when retrieving response contents$/,
    (who) => providerError('unavailable', `${who}: 1Password broke off before the answer was complete`),
  ],
  [
    /: when deserializing HTTP responses into the corresponding types in (un)?authenticated requests?: /,
    (who) =>
      providerError('provider_protocol', `${who}: 1Password's SDK cannot read what the server answers`, {
        hint: 'is a proxy answering in its place?',
      }),
  ],
]

/**
 * Returns the error for a value that the SDK threw; none of the SDK's text is kept. `seen` is the failure of
 * an HTTP request of that call. It knows the server and the cause when the SDK reports little.
 */
export function explainThrown(thrown: unknown, who: string, seen: LocketError | undefined): LocketError {
  const said = thrown instanceof Error ? explainError(thrown, who) : explainMessage(String(thrown), who)
  if (said === undefined) {
    const unknown = `${who}: 1Password's SDK failed in a way that is not known here`
    return seen ?? providerError('provider_protocol', unknown)
  }
  const isOfRequest = seen !== undefined && (seen.code === said.code || said.code === 'unavailable')
  return isOfRequest ? seen : said
}

/**
 * Reads an error of the SDK. Two errors have their own class, which is recognised by its name because the SDK
 * is not loaded here.
 */
function explainError({ constructor, message }: Error, who: string): LocketError | undefined {
  if (constructor.name === 'RateLimitExceededError') return refusalOf(`${who}: 1Password`, 429)
  if (constructor.name === 'AuthExpiredError') return refusalOf(`${who}: 1Password`, 401)
  return explainMessage(message, who)
}

function explainMessage(message: string, who: string): LocketError | undefined {
  const reading = READINGS.find(([pattern]) => pattern.test(message))
  if (reading !== undefined) return reading[1](who)
  const status = statusIn(message)
  return status === undefined ? undefined : refusalOf(`${who}: 1Password`, status)
}

function statusIn(message: string): number | undefined {
  const ending = Object.keys(STATUSES).find((end) => message === end || message.endsWith(`: ${end}`))
  if (ending !== undefined) return STATUSES[ending]
  const [, status] = /(?:^|: )unexpected status code in response: ([0-9]{3}) [^:]*$/.exec(message) ?? []
  return status === undefined ? undefined : Number(status)
}
