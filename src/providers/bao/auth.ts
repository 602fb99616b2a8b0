import type { Clock } from '../../core/ports/clock.ts'
import { isLocketError, isRetryable, LocketError } from '../../core/vocabulary/errors.ts'
import type { Secret } from '../../core/vocabulary/secret.ts'
import { credentialText } from '../lib/login/credential.ts'
import type { Refusal } from '../lib/http/http.ts'
import { lateSchema } from '../lib/answers/late-schema.ts'
import type { Session } from '../lib/login/sessions.ts'
import type { Calls } from './calls.ts'
import { saidIn } from './explain.ts'
import type { LoginPlan } from './method.ts'
import { providerError } from '../lib/provider-error.ts'
import { createTokenUse, type TokenUse } from './token.ts'

/** The answer to a login. The token goes into a header, so characters that no header may hold are refused. */
const LoginAnswer = lateSchema((z) =>
  z.object({
    auth: z.object({
      client_token: z.string().regex(/^[!-~]{1,8192}$/),
      lease_duration: z.number().nonnegative().nullish(),
      renewable: z.boolean().nullish(),
    }),
  }),
)
/** The answer to a renewal of a token. */
const RenewalAnswer = lateSchema((z) =>
  z.object({ auth: z.object({ lease_duration: z.number().nonnegative() }) }),
)
const WantsSecondFactor = lateSchema((z) =>
  z.object({ auth: z.object({ mfa_requirement: z.looseObject({}) }) }),
)

/**
 * Logs in once; for the method `token` it sends nothing and resolves with the credential itself, whose end is
 * not known. The lifetime is in milliseconds, and undefined for one of 0 seconds, which never ends. Rejects
 * with `auth`, `denied`, `config` or `provider_protocol`, or as `Calls.login` does.
 */
export async function logIn(
  plan: LoginPlan,
  { calls, clock }: { readonly calls: Calls; readonly clock: Clock },
  credentials: readonly Secret[],
  signal: AbortSignal,
): Promise<Session<TokenUse>> {
  const texts = credentials.map(credentialText)
  if (plan.method === 'token')
    return { value: createTokenUse(texts[0] ?? '', { endsAt: Number.POSITIVE_INFINITY, isRenewable: false }) }
  const answer = await calls.login({
    path: ['auth', ...plan.mount.split('/'), 'login'],
    body: plan.body(texts),
    signal,
    explain: (refusal) => explainLogin(plan, calls, refusal),
  })
  const read = LoginAnswer.safeParse(answer)
  if (!read.success) throw unusable(calls.who, answer)
  const { client_token: token, lease_duration: seconds, renewable } = read.data.auth
  const lifetimeMs = seconds == null || seconds === 0 ? undefined : seconds * 1000
  const endsAt = clock.now() + (lifetimeMs ?? Number.POSITIVE_INFINITY)
  return { value: createTokenUse(token, { endsAt, isRenewable: renewable === true }), lifetimeMs }
}

/**
 * Renews the token. Resolves with the milliseconds that it has from now on. Undefined: the server does not
 * renew it. Rejects when the server is out of reach.
 */
export async function renewToken(
  { calls, clock }: { readonly calls: Calls; readonly clock: Clock },
  use: TokenUse,
  signal: AbortSignal,
): Promise<number | undefined> {
  if (!use.isRenewable || use.isDead) return undefined
  const path = ['auth', 'token', 'renew-self']
  const answer = await calls.post({ path, body: {}, token: use.token, signal }).catch((thrown: unknown) => {
    if (isLocketError(thrown) && isRetryable(thrown)) throw thrown
    return undefined
  })
  const read = RenewalAnswer.safeParse(answer)
  if (!read.success) return undefined
  const { lease_duration: seconds } = read.data.auth
  const lifetimeMs = seconds === 0 ? Number.POSITIVE_INFINITY : seconds * 1000
  use.endsAt = clock.now() + lifetimeMs
  return lifetimeMs
}

function explainLogin(
  { method, mount }: Exclude<LoginPlan, { method: 'token' }>,
  { who, inNamespace }: Calls,
  { status, body }: Refusal,
): LocketError | undefined {
  const login = `auth/${mount}${inNamespace}`
  if (status === 400) {
    const parts = method === 'approle' ? 'role id and secret id' : 'role and JWT'
    return providerError('auth', `${who} does not accept the ${parts} at ${login} (status 400)`, {
      hint:
        method === 'approle'
          ? 'are both of the same role, and is the secret id neither expired nor used up?'
          : 'is there a role of that name, and does it accept this JWT?',
    })
  }
  if (status === 403) {
    return providerError('denied', `${who} does not let locket log in at ${login} (status 403)`, {
      hint: 'check bao-auth-mount and bao-namespace, and what the role accepts',
    })
  }
  if (status === 404 && /no handler/i.test(saidIn(body) ?? '')) {
    return providerError('config', `${who} has no login at ${login} (status 404)`, {
      hint: 'check bao-auth-mount and bao-namespace',
    })
  }
  return undefined
}

function unusable(who: string, answer: unknown): LocketError {
  if (WantsSecondFactor.safeParse(answer).success) {
    return providerError('auth', `${who} wants a second factor for this login`, {
      hint: 'locket cannot give one: use a role that needs none',
    })
  }
  return providerError('provider_protocol', `the login at ${who} is not answered as OpenBao or Vault do`, {
    hint: 'is bao-url the address of such a server?',
  })
}
