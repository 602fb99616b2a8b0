import type { Visit } from '../../../app/dashboard/sessions.ts'
import { ASSETS } from '../assets/assets.ts'
import { html, type Html, type Piece } from './html.ts'
import type { IconName } from '../assets/shapes.ts'
import { icon } from './icons.ts'

/** The parts of a page that all pages have. */
interface PageParts {
  readonly title: string
  /** The path of the entry of the menu that is marked. */
  readonly active?: string
  /** A sentence below the title. */
  readonly lead?: Piece
  /** Links and buttons beside the title. */
  readonly actions?: Piece
  readonly body: Piece
}

/** The parts of a request that the frame of a page shows. */
interface FrameRequest {
  readonly visit?: Visit | undefined
  readonly csrf: string
  readonly query: URLSearchParams
  readonly problem: string | undefined
}

interface Entry {
  readonly path: string
  readonly label: string
  readonly icon: IconName
  readonly isForAdmins?: true
}

const MENU: readonly Entry[] = [
  { path: '/', label: 'Overview', icon: 'home' },
  { path: '/machines', label: 'Machines', icon: 'machine' },
  { path: '/projects', label: 'Projects', icon: 'key' },
  { path: '/integrations', label: 'Integrations', icon: 'plug' },
  { path: '/audit', label: 'Audit', icon: 'log' },
  { path: '/policy', label: 'Policy', icon: 'shield', isForAdmins: true },
  { path: '/people', label: 'People', icon: 'people', isForAdmins: true },
]

/** The sentences that a page shows after a change, by the word in its address. */
const DONE: Readonly<Record<string, string>> = {
  added: 'Added.',
  removed: 'Removed.',
  renamed: 'Renamed.',
  disabled: 'Disabled. Its next request is refused.',
  enabled: 'Enabled.',
  revoked: 'The access is revoked.',
  granted: 'The access is granted.',
  saved: 'Saved.',
  ended: 'The session is ended.',
  deleted: 'Deleted, with all its grants.',
}

/** Returns a page with the menu, for a person who is logged in. */
export function framed({ visit, csrf, query, problem }: FrameRequest, parts: PageParts): Html {
  const isAdmin = visit?.person.isAdmin === true
  const entries = MENU.filter((entry) => entry.isForAdmins !== true || isAdmin)
  const said = DONE[query.get('done') ?? '']
  return documentOf(
    parts.title,
    html`<a class="skip" href="#main">Skip to the content</a>
      <div class="frame">
        <header class="side">
          <a class="brand" href="/">${icon('locket')}<span>locket</span></a>
          <nav aria-label="Main">
            <ul>
              ${entries.map((entry) => menuEntry(entry, parts.active))}
            </ul>
          </nav>
          <div class="who">
            <a href="/account" class="name">${icon('person')}<span>${visit?.person.name}</span></a>
            <form method="post" action="/logout">
              <input type="hidden" name="_form" value="${csrf}" />
              <button class="quiet" type="submit">${icon('leave')}<span>Log out</span></button>
            </form>
          </div>
        </header>
        <main id="main" tabindex="-1">
          <div class="head">
            <div>
              <h1>${parts.title}</h1>
              ${parts.lead === undefined ? undefined : html`<p class="lead">${parts.lead}</p>`}
            </div>
            ${parts.actions === undefined ? undefined : html`<div class="actions">${parts.actions}</div>`}
          </div>
          ${said === undefined ? undefined : html`<p class="note good" role="status">${said}</p>`}
          ${problemNote(problem)} ${parts.body}
        </main>
      </div>`,
  )
}

function menuEntry({ path, label, icon: name }: Entry, active: string | undefined): Html {
  const inside = html`${icon(name)}<span>${label}</span>`
  return path === active
    ? html`<li><a href="/${path.slice(1)}" aria-current="page">${inside}</a></li>`
    : html`<li><a href="/${path.slice(1)}">${inside}</a></li>`
}

/**
 * Returns a page without the menu: login, setup, refusals. `next`: the path that the browser goes to by
 * itself.
 */
export function plain(title: string, body: Piece, next?: string): Html {
  return documentOf(
    title,
    html`<main id="main" class="alone">
      <p class="brand">${icon('locket')}<span>locket</span></p>
      <div class="card">${body}</div>
    </main>`,
    next === undefined ? undefined : html`<meta http-equiv="refresh" content="0;url=/${next.slice(1)}" />`,
  )
}

/** Returns the note about a mistake in a form, or nothing. */
export function problemNote(problem: string | undefined): Piece {
  return problem === undefined ? undefined : html`<p class="note bad" role="alert">${problem}</p>`
}

function documentOf(title: string, body: Html, more?: Html): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        ${more}
        <title>${title} · locket</title>
        <link rel="icon" href="/assets/${ASSETS.icon.name}" type="image/svg+xml" />
        <link rel="stylesheet" href="/assets/${ASSETS.style.name}" />
        <script src="/assets/${ASSETS.script.name}" defer></script>
      </head>
      <body>
        ${body}
      </body>
    </html>`
}
