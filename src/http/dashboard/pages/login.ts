import { LocketError } from '../../../core/vocabulary/errors.ts'
import { html, type Piece } from '../html/html.ts'
import { plain, problemNote } from '../html/layout.ts'
import { postForm, textField } from '../html/parts.ts'
import { typed, shown, type OpenRequest, type PageAnswer, type Route, type SetCookie } from '../route.ts'
import { COOKIES } from '../session/cookies.ts'
import { safeNext } from '../session/guard.ts'

/** Returns the answer of a login: the cookie, and the page that was asked for. */
function loggedIn(
  { token, expires }: { readonly token: string; readonly expires: number },
  now: number,
  to: string,
): PageAnswer {
  return { kind: 'redirect', to, cookies: sessionCookies(token, expires - now) }
}

/** Returns the cookies of a new session. The one of the visit before it is not good any more. */
export function sessionCookies(token: string, lengthMs: number): readonly SetCookie[] {
  return [
    { name: COOKIES.session, value: token, maxAgeS: Math.floor(lengthMs / 1000) },
    { name: COOKIES.visit, value: '', maxAgeS: 0 },
  ]
}

async function loginPage(request: OpenRequest): Promise<PageAnswer> {
  const { query, form, csrf, problem } = request
  const next = safeNext(form.get('next') ?? query.get('next') ?? '/')
  if (request.visit !== undefined) return { kind: 'redirect', to: next }
  const passkey = html`<div data-needs-passkeys hidden class="field">
    <button
      class="second wide"
      type="button"
      data-passkey="login"
      data-token="${csrf}"
      data-next="/${next.slice(1)}"
      data-says="says"
    >
      Use a passkey
    </button>
    <p id="says" class="note bad" role="alert" hidden></p>
    <p class="or">or with a password</p>
  </div>`
  const service = request.dashboard.outside?.service
  const outside =
    service &&
    html`<a class="button wide" href="/oidc/login?next=${encodeURIComponent(next)}">Log in with ${service}</a>
      <p class="or">or</p>`
  const fields = html`<input type="hidden" name="next" value="${next}" />
    ${textField({ name: 'name', label: 'Name', fills: 'username', isRequired: true, value: typed(request, 'name'), most: 63 })}
    ${textField({ name: 'password', label: 'Password', type: 'password', fills: 'current-password', isRequired: true })}
    <button class="wide" type="submit">Log in</button>`
  return shown(
    plain(
      'Log in',
      html`<h1>Log in</h1>
        ${problemNote(problem)} ${outside} ${passkey} ${postForm(request, '/login', fields)}`,
    ),
  )
}

async function setupPage(request: OpenRequest): Promise<PageAnswer> {
  const token = request.form.get('token') ?? request.query.get('token') ?? ''
  const who = await request.dashboard.people.invited(token)
  if (who === undefined)
    return shown(
      plain(
        'Set up',
        html`<h1>This link is not good any more</h1>
          <p>
            A setup link is good once, and for 24 hours. An administrator can make another one. For the first
            administrator, <code>locket serve</code> makes one at each start.
          </p>
          <p><a href="/login">Log in</a></p>`,
      ),
    )
  const name: Piece =
    who === 'first'
      ? textField({
          name: 'name',
          label: 'Your name',
          hint: 'The name for the login, such as anna or anna@example.com.',
          fills: 'username',
          isRequired: true,
          value: typed(request, 'name'),
          most: 63,
        })
      : html`<p>
          You log in as <strong>${who.name}</strong>.
          <input type="hidden" name="name" autocomplete="username" value="${who.name}" />
        </p>`
  const fields = html`<input type="hidden" name="token" value="${token}" />
    ${name}
    ${textField({ name: 'password', label: 'Password', type: 'password', hint: 'At least 12 characters.', fills: 'new-password', isRequired: true })}
    ${textField({ name: 'again', label: 'The password again', type: 'password', fills: 'new-password', isRequired: true })}
    <button class="wide" type="submit">Set the password</button>`
  const title = who === 'first' ? 'Set up the dashboard' : 'Set up your login'
  return shown(
    plain(
      title,
      html`<h1>${title}</h1>
        ${who === 'first' ? html`<p class="dim">You become the first administrator.</p>` : undefined}
        ${problemNote(request.problem)} ${postForm(request, '/setup', fields)}`,
    ),
  )
}

/** The routes of login, logout and setup. */
export const LOGIN_ROUTES: readonly Route[] = [
  { method: 'GET', path: '/login', isOpen: true, run: loginPage },
  {
    method: 'POST',
    path: '/login',
    isOpen: true,
    again: loginPage,
    async run(request) {
      const tried = { name: typed(request, 'name'), password: request.form.get('password') ?? '' }
      const session = await request.dashboard.login.withPassword(tried, request.visitor)
      return loggedIn(session, request.now, safeNext(request.form.get('next') ?? '/'))
    },
  },
  {
    method: 'POST',
    path: '/logout',
    async run({ dashboard, visit, visitor, form }) {
      await dashboard.sessions.end(visit, visitor, visit.session.hash)
      return { kind: 'redirect', to: loginPath(form.get('next') ?? '/'), cookies: sessionCookies('', 0) }
    },
  },
  { method: 'GET', path: '/setup', isOpen: true, run: setupPage },
  {
    method: 'POST',
    path: '/setup',
    isOpen: true,
    again: setupPage,
    async run(request) {
      const { form, dashboard, visitor, now } = request
      const password = form.get('password') ?? ''
      if (password !== form.get('again')) throw differs()
      const chosen = { name: typed(request, 'name'), password }
      return loggedIn(await dashboard.people.setUp(form.get('token') ?? '', chosen, visitor), now, '/')
    },
  },
]

/** Returns the path of the login, and behind it the page that is wanted. */
export function loginPath(wanted: string): string {
  const next = safeNext(wanted)
  return next === '/' ? '/login' : `/login?next=${encodeURIComponent(next)}`
}

/** Returns the `usage` error for two passwords that are not the same. */
export function differs(): LocketError {
  return new LocketError('usage', 'the two passwords are not the same')
}
