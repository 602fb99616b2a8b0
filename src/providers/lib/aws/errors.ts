import * as z from 'zod'
import type { ErrorCode, LocketError } from '../../../core/vocabulary/errors.ts'
import { formatTimeLeft } from '../../../core/text/units.ts'
import type { Refusal } from '../http/http.ts'
import { providerError } from '../provider-error.ts'

/** The code of an error: `…#AccessDeniedException`. The text beside it is only matched, never repeated. */
const ErrorBody = z
  .object({
    __type: z.string().catch(''),
    message: z.string().catch(''),
    Message: z.string().catch(''),
    Error: z.object({ Code: z.string().catch('') }).catch({ Code: '' }),
  })
  .catch({ __type: '', message: '', Message: '', Error: { Code: '' } })

/** The name of an AWS error and its text. */
interface AwsFailure {
  /** Without its namespace and `Exception`: `AccessDenied`. Empty: the answer has none. */
  readonly name: string
  readonly text: string
}

/** Reads the name and text of an error in an answer with a status that is not 2xx. */
export function readFailure({ header, body }: Pick<Refusal, 'header' | 'body'>): AwsFailure {
  const { __type: type, message, Message, Error: nested } = ErrorBody.parse(body)
  const found = [type, header('x-amzn-errortype') ?? '', nested.Code].find((text) => text !== '') ?? ''
  return { name: nameOf(found), text: message === '' ? Message : message }
}

/**
 * Returns the short name of an error: `ThrottlingException:http://…` and `ns#Throttling` are `Throttling`.
 */
export function nameOf(code: string): string {
  return (code.split(':')[0]?.split('#').at(-1) ?? '').replace(/Exception$/, '')
}

/**
 * The errors that mean the same in every service
 * (https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html).
 */
const COMMON: Readonly<Record<string, readonly [code: ErrorCode, says: string, hint?: string]>> = {
  ExpiredToken: ['auth', 'says that the session token has expired', 'get new temporary keys'],
  UnrecognizedClient: ['auth', 'does not know the access key', 'is it complete, active and of this account?'],
  InvalidClientTokenId: [
    'auth',
    'does not know the access key',
    'is it complete, active and of this account? A temporary key needs its session token',
  ],
  InvalidAccessKeyId: ['auth', 'does not know the access key'],
  MissingAuthenticationToken: ['auth', 'got no signature'],
  IncompleteSignature: ['auth', 'cannot read the signature', 'is the access key complete?'],
  InvalidSignature: ['auth', 'does not accept the signature', 'is the secret access key right and complete?'],
  SignatureDoesNotMatch: [
    'auth',
    'does not accept the signature',
    'is the secret access key right and complete?',
  ],
  OptInRequired: ['denied', 'says that the account is not signed up for it'],
  Throttling: ['rate_limited', 'asks for fewer requests'],
  TooManyRequests: ['rate_limited', 'asks for fewer requests'],
  RequestLimitExceeded: ['rate_limited', 'asks for fewer requests'],
  ThrottledException: ['rate_limited', 'asks for fewer requests'],
  InternalServiceError: ['unavailable', 'is failing'],
  InternalServerError: ['unavailable', 'is failing'],
  ServiceUnavailable: ['unavailable', 'is failing'],
  InternalFailure: ['unavailable', 'is failing'],
}

/** The texts of a signature that is refused because of its time. */
const WRONG_TIME = /signature (?:expired|not yet current)|request has expired/i

/**
 * Returns the error of a common failure; undefined: the failure is of the service, or its status has its
 * usual meaning. `now`: milliseconds since the epoch.
 */
export function explainCommon(
  who: string,
  { status, header, body }: Refusal,
  now: number,
): LocketError | undefined {
  const { name, text } = readFailure({ header, body })
  if (name === 'RequestExpired' || name === 'RequestTimeTooSkewed' || WRONG_TIME.test(text))
    return providerError('auth', `${who} refuses the time of the signature (status ${status})`, {
      hint: `${clockAdvice(header('date'), now)}: set it, for example by NTP`,
    })
  const reading = Object.hasOwn(COMMON, name) ? COMMON[name] : undefined
  if (reading === undefined) return undefined
  const [code, says, hint] = reading
  return providerError(code, `${who} ${says} (${name}, status ${status})`, { hint })
}

/** Compares the clock of this host with the time that the server sent. */
function clockAdvice(date: string | undefined, now: number): string {
  const offMs = now - Date.parse(date ?? '')
  if (Number.isNaN(offMs)) return 'the clock of this host is wrong'
  return `the clock of this host is ${formatTimeLeft(Math.abs(offMs))} ${offMs > 0 ? 'fast' : 'slow'}`
}
