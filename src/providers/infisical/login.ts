import { LocketError } from '../../core/vocabulary/errors.ts'
import type { Secret } from '../../core/vocabulary/secret.ts'
import { credentialText } from '../lib/login/credential.ts'
import type { HttpClient } from '../lib/http/http.ts'
import type { Session } from '../lib/login/sessions.ts'
import { InfisicalLogin, readInfisicalAnswer } from './answers.ts'
import { explainLogin } from './refusals.ts'

const PATH = '/api/v1/auth/universal-auth/login'
const MAX_BYTES = 256 * 1024

/**
 * Logs in once by universal auth and resolves with the access token. It never retries, because Infisical
 * locks an identity after three failures within 30 s by default (identity-ua-service.ts of Infisical's
 * source). The body is wiped.
 */
export async function login(
  http: HttpClient,
  [clientId, clientSecret]: readonly Secret[],
  signal: AbortSignal,
): Promise<Session<string>> {
  if (clientId === undefined || clientSecret === undefined)
    throw new LocketError('internal', 'a login without its two credentials')
  const credentials = { clientId: credentialText(clientId), clientSecret: credentialText(clientSecret) }
  const body = new TextEncoder().encode(JSON.stringify(credentials))
  try {
    const answer = await http.sendJson({
      method: 'POST',
      path: PATH,
      headers: { accept: 'application/json', 'content-type': 'application/json' },
      body,
      maxBytes: MAX_BYTES,
      signal,
      mayRepeat: false,
      explain: (refusal) => explainLogin(http.who, refusal),
    })
    const { accessToken, expiresIn } = readInfisicalAnswer(InfisicalLogin, answer, `the login of ${http.who}`)
    return { value: accessToken, lifetimeMs: expiresIn === 0 ? undefined : expiresIn * 1000 }
  } finally {
    body.fill(0)
  }
}
