import { LocketError } from '../../../core/vocabulary/errors.ts'
import { html } from '../html/html.ts'
import { plain } from '../html/layout.ts'
import type { OpenRequest, PageAnswer, Route } from '../route.ts'
import { COOKIES } from '../session/cookies.ts'
import { safeNext } from '../session/guard.ts'
import { loginPath, sessionCookies } from './login.ts'

const CALLBACK = '/oidc/callback'
const LOGIN_S = 600

function outsideOf({ dashboard }: OpenRequest) {
  if (dashboard.outside !== undefined) return dashboard.outside
  throw new LocketError('not_found', 'this dashboard has no login service')
}

/** The cookie of a login that was begun: its token, and the page that was asked for. */
function cookieOf(value: string, maxAgeS: number) {
  return { name: COOKIES.outside, value, maxAgeS, isForReturn: true } as const
}

/**
 * A link and not a form: browsers do not let a form be sent on to another host. A link or an image of another
 * site begins nothing, because begun logins are limited.
 */
async function begin(request: OpenRequest): Promise<PageAnswer> {
  const { query, visitor, origin } = request
  const to = safeNext(query.get('next') ?? '/')
  if (request.isFromElsewhere) return { kind: 'redirect', to: loginPath(to) }
  const next = Buffer.from(to).toString('base64url')
  const { url, token } = await outsideOf(request).begin(visitor, `${origin}${CALLBACK}`)
  return { kind: 'redirect', to: url, cookies: [cookieOf(`${token}.${next}`, LOGIN_S)] }
}

/**
 * The browser comes from another site, so it would not send the cookie of the session with a redirect. A page
 * of the dashboard sends it on.
 */
async function finish(request: OpenRequest): Promise<PageAnswer> {
  const { query, visitor, origin, cookies, now } = request
  const [token = '', asked = ''] = (cookies.get(COOKIES.outside) ?? '').split('.')
  const answer = { token, redirect: `${origin}${CALLBACK}`, query }
  const session = await outsideOf(request).finish(visitor, answer)
  const next = safeNext(Buffer.from(asked, 'base64url').toString())
  const body = html`<h1>You are logged in</h1>
    <p><a href="/${next.slice(1)}">Go on</a></p>`
  return {
    kind: 'page',
    html: plain('You are logged in', body, next),
    cookies: [...sessionCookies(session.token, session.expires - now), cookieOf('', 0)],
  }
}

/** The login by the service of the organisation. */
export const OUTSIDE_ROUTES: readonly Route[] = [
  { method: 'GET', path: '/oidc/login', isOpen: true, run: begin },
  { method: 'GET', path: CALLBACK, isOpen: true, run: finish },
]
