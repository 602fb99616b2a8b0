import { LocketError } from '../../core/vocabulary/errors.ts'
import type { Refusal } from '../lib/http/http.ts'
import { statusError } from '../lib/http/http-errors.ts'
import { lateSchema } from '../lib/answers/late-schema.ts'
import { nearHint } from '../lib/names/name-hint.ts'
import type { Folder, InfisicalReference } from './reference.ts'
import { providerError } from '../lib/provider-error.ts'

/** The texts of an error's body. They are only matched, and never repeated in a message. */
const ErrorBody = lateSchema((z) =>
  z.object({ message: z.string().catch(''), error: z.string().catch('') }).catch({ message: '', error: '' }),
)

/**
 * Returns the error for a refused login; undefined: the status has its usual meaning. The texts are those of
 * identity-ua-service.ts in Infisical's source.
 */
export function explainLogin(who: string, { status, header, body }: Refusal): LocketError | undefined {
  const { message } = ErrorBody.parse(body)
  const says = (code: 'auth' | 'denied' | 'unavailable', text: string, hint: string) =>
    providerError(code, `${who} ${text} (status ${status})`, { hint, facts: { status } })
  if (status === 429) return tooMany(who, header, message)
  if (status === 403) {
    return says(
      'denied',
      'does not let this identity log in from here',
      "is this host's address among the trusted ones of the identity and of its client secret?",
    )
  }
  // A reverse proxy answers 404 until the server behind it has started.
  if (status === 404) return says('unavailable', 'has no universal auth', IS_IT_INFISICAL)
  if (status !== 401) return undefined
  if (/temporarily locked/i.test(message)) {
    return says(
      'auth',
      'has locked the identity after failed logins, for 5 minutes if nothing else was set',
      'put the right client secret in place; the lockout is a setting of its universal auth',
    )
  }
  if (/expired/i.test(message)) return says('auth', 'says that the client secret has expired', MAKE_ANOTHER)
  if (/usage limit/i.test(message))
    return says('auth', 'says that the client secret has reached its usage limit', MAKE_ANOTHER)
  return says(
    'auth',
    'does not accept the client id and secret',
    'are both complete, current and of this server? Infisical Cloud has one for the US and one for the EU',
  )
}

/**
 * Returns the error for a refused read; undefined: the status has its usual meaning. A token that expired or
 * is malformed is a 403 with the error `TokenError` (error-handler.ts in Infisical's source).
 */
export function explainRead(
  who: string,
  folder: Folder,
  { status, header, body }: Refusal,
): LocketError | undefined {
  const { message, error } = ErrorBody.parse(body)
  if (status === 429) return tooMany(who, header, message)
  if (status === 403 && error === 'TokenError')
    return providerError('auth', `${who} does not accept the access token any more (status ${status})`)
  if (status === 400 && /number of uses limit/i.test(message))
    return providerError('auth', `${who} has no more uses left for the access token (status ${status})`)
  if (status === 403) {
    return providerError(
      'denied',
      `${who} does not let this identity read folder ${where(folder)} (status 403)`,
      {
        hint: 'it needs the permissions Describe Secret and Read Value there, and where the values refer to',
      },
    )
  }
  // Servers of 2024 answer 400 where later ones answer 404.
  if (status === 404 || (status === 400 && /\bnot found\b/i.test(message)))
    return notFound(who, folder, message)
  return undefined
}

/** Tells whether the refusal is Fastify's own answer for a path that the server does not have. */
export function isUnknownRoute({ status, body }: Refusal): boolean {
  return status === 404 && /^Route GET:.* not found$/s.test(ErrorBody.parse(body).message)
}

/** Returns the `not_found` error for a secret. `known`: the names of the secrets in the folder. */
export function noInfisicalSecret(
  who: string,
  reference: InfisicalReference,
  known: Iterable<string> = [],
): LocketError {
  const kind = reference.type === 'personal' ? 'personal secret' : 'secret'
  const named = `${kind} "${reference.key}" in folder ${where(reference)}`
  return providerError('not_found', `${who} has no ${named}`, { hint: nearHint(reference.key, known) })
}

/** Returns the `denied` error for a value that the server hides. */
export function hiddenValue(who: string, folder: Folder): LocketError {
  return providerError('denied', `${who} hides the value, or a part of it, in folder ${where(folder)}`, {
    hint: 'the identity lacks the permission Read Value there, or where the value refers to',
  })
}

const IS_IT_INFISICAL = 'is infisical-url the address of an Infisical server, and is it running?'
const MAKE_ANOTHER = "make another one in the identity's universal auth, and replace the file"

function notFound(who: string, folder: Folder, message: string): LocketError {
  if (message === '') {
    return providerError('unavailable', `${who} has no page for secrets (status 404)`, {
      facts: { status: 404 },
      hint: IS_IT_INFISICAL,
    })
  }
  if (/^Secret\b/i.test(message)) return providerError('not_found', `${who} has no such secret`)
  return providerError('not_found', `${who} has no folder ${where(folder)}`, {
    hint: 'correct path=, or env=, which is the slug of an environment in the settings of the project',
  })
}

/**
 * Returns the `rate_limited` error with the pause that the message names. Undefined: a header has the pause,
 * or nothing names one.
 */
function tooMany(who: string, header: Refusal['header'], message: string): LocketError | undefined {
  const seconds = /try again in (\d{1,5}) seconds?/i.exec(message)?.[1]
  if (header('retry-after') !== undefined || seconds === undefined) return undefined
  return statusError(who, 429, Number(seconds) * 1000)
}

/** Names the folder with all its options, so that the user sees the defaults that apply. */
function where({ path, environment, projectId }: Folder): string {
  return `${path} of environment ${environment}, project ${projectId}`
}
