import { isFreshLogin } from '../../../app/dashboard/fresh-login.ts'
import type { PasskeyRecord, SessionRecord } from '../../../core/broker/people/people.ts'
import { html, type Html } from '../html/html.ts'
import { framed } from '../html/layout.ts'
import { ago, postForm, sureButton, textField } from '../html/parts.ts'
import { done, typed, shown, type PageAnswer, type PageRequest, type Route } from '../route.ts'
import { differs } from './login.ts'

async function accountPage(request: PageRequest): Promise<PageAnswer> {
  const { dashboard, visit } = request
  const sessions = await dashboard.sessions.list(visit)
  return shown(
    framed(request, {
      title: 'Your account',
      lead: visit.person.name,
      body: html`<div class="two">
          ${passkeysCard(request, await dashboard.passkeys.list(visit))} ${passwordCard(request)}
        </div>
        <section class="card flush">
          <h2>Sessions</h2>
          <ul class="rows">
            ${sessions.map((session) => sessionRow(request, session))}
          </ul>
        </section>`,
    }),
  )
}

function passkeysCard(request: PageRequest, passkeys: readonly PasskeyRecord[]): Html {
  const list =
    passkeys.length === 0
      ? html`<p class="dim">You have none. A passkey is faster than a password, and cannot be phished.</p>`
      : html`<ul class="rows">
          ${passkeys.map((passkey) => passkeyRow(request, passkey))}
        </ul>`
  return html`<section class="card">
    <h2>Passkeys</h2>
    ${list} ${isFresh(request) ? addPasskey(request) : loginAgain(request)}
  </section>`
}

function isFresh({ visit, now }: PageRequest): boolean {
  return isFreshLogin(visit, now)
}

/** Shows an old session the way to change it. */
function loginAgain(request: PageRequest): Html {
  const fields = html`<input type="hidden" name="next" value="/account" />
    <button class="second" type="submit">Log in again</button>`
  return html`<p class="dim">Your login is older than 5 minutes. Log in again to change how you log in.</p>
    ${postForm(request, '/logout', fields)}`
}

function addPasskey(request: PageRequest): Html {
  return html`<div data-needs-passkeys hidden class="field">
      ${textField({ name: 'passkey-name', label: 'Name of the new passkey', hint: 'Such as "Laptop".', most: 60 })}
      <p class="buttons">
        <button
          class="second"
          type="button"
          data-passkey="add"
          data-name="f-passkey-name"
          data-token="${request.csrf}"
          data-says="says"
        >
          Add a passkey
        </button>
      </p>
      <p id="says" class="note bad" role="alert" hidden></p>
    </div>
    <p class="dim" data-without-script="yes">To add a passkey, allow scripts for this page.</p>`
}

function passkeyRow(request: PageRequest, { id, name, createdAt, lastUsed }: PasskeyRecord): Html {
  const used =
    lastUsed === undefined
      ? html`added ${ago(createdAt, request.now)}`
      : html`used ${ago(lastUsed, request.now)}`
  const fields = html`<input type="hidden" name="id" value="${id}" />
    <button class="danger full">Remove this passkey</button>`
  return html`<li>
    <div class="title">${name}<span class="sub">${used}</span></div>
    ${
      isFresh(request)
        ? sureButton(
            'Remove',
            'You cannot log in with it any more.',
            postForm(request, '/account/passkey', fields),
          )
        : undefined
    }
  </li>`
}

function passwordCard(request: PageRequest): Html {
  const { person } = request.visit
  const fields = html`<input type="hidden" name="name" autocomplete="username" value="${person.name}" />
    ${
      person.hasPassword
        ? textField({
            name: 'present',
            label: 'Present password',
            type: 'password',
            fills: 'current-password',
            isRequired: true,
          })
        : undefined
    }
    ${textField({
      name: 'password',
      label: 'New password',
      type: 'password',
      hint: 'At least 12 characters. Your other sessions are ended.',
      fills: 'new-password',
      isRequired: true,
    })}
    ${textField({ name: 'again', label: 'The new password again', type: 'password', fills: 'new-password', isRequired: true })}
    <button class="second" type="submit">Change the password</button>`
  return html`<section class="card">
    <h2>Password</h2>
    ${person.hasPassword || isFresh(request) ? postForm(request, '/account/password', fields) : loginAgain(request)}
  </section>`
}

function sessionRow(request: PageRequest, session: SessionRecord): Html {
  const { hash, address, agent, createdAt, seenAt } = session
  const isThis = hash === request.visit.session.hash
  const where = address === '' ? 'a local socket' : address
  const fields = html`<input type="hidden" name="session" value="${hash}" />
    <button class="second small" aria-label="End the session from ${where}">End</button>`
  return html`<li>
    <div class="title">
      ${browserOf(agent)}<span class="sub"
        >${where}, since ${ago(createdAt, request.now)}, used ${ago(seenAt, request.now)}</span
      >
    </div>
    ${isThis ? html`<span class="badge good">This session</span>` : postForm(request, '/account/session', fields)}
  </li>`
}

/** Returns the browser of a User-Agent, as people call it. */
function browserOf(agent: string): string {
  const known = ['Firefox', 'Edg', 'OPR', 'Chrome', 'Safari'].find((name) => agent.includes(`${name}/`))
  const system = ['Windows', 'Android', 'iPhone', 'Mac OS', 'Linux'].find((name) => agent.includes(name))
  const name = known === 'Edg' ? 'Edge' : known === 'OPR' ? 'Opera' : (known ?? 'A browser')
  return system === undefined ? name : `${name} on ${system}`
}

/** The routes of the account of the person who is logged in. */
export const ACCOUNT_ROUTES: readonly Route[] = [
  { method: 'GET', path: '/account', run: accountPage },
  {
    method: 'POST',
    path: '/account/password',
    again: accountPage,
    async run({ dashboard, visit, visitor, form }) {
      const next = form.get('password') ?? ''
      if (next !== form.get('again')) throw differs()
      await dashboard.login.changePassword(visit, visitor, { present: form.get('present') ?? '', next })
      return done('/account', 'saved')
    },
  },
  {
    method: 'POST',
    path: '/account/session',
    again: accountPage,
    async run(request) {
      const { dashboard, visit, visitor } = request
      await dashboard.sessions.end(visit, visitor, typed(request, 'session'))
      return done('/account', 'ended')
    },
  },
  {
    method: 'POST',
    path: '/account/passkey',
    again: accountPage,
    async run(request) {
      const { dashboard, visit, visitor } = request
      await dashboard.passkeys.remove(visit, visitor, typed(request, 'id'))
      return done('/account', 'removed')
    },
  },
]
