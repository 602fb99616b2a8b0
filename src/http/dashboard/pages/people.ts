import {
  isPermission,
  PERMISSIONS,
  type PermissionRecord,
  type PersonRecord,
} from '../../../core/broker/people/people.ts'
import type { SetupLink } from '../../../app/dashboard/people.ts'
import { flag, html, type Html } from '../html/html.ts'
import { framed } from '../html/layout.ts'
import { ago, postForm, sureButton, textField } from '../html/parts.ts'
import { done, typed, pagePath, shown, type PageAnswer, type PageRequest, type Route } from '../route.ts'
import { copied } from './snippets.ts'

async function peoplePage(request: PageRequest): Promise<PageAnswer> {
  const people = await request.dashboard.people.list(request.visit)
  const fields = html`${textField({
      name: 'name',
      label: 'Name',
      hint: 'The name for the login. You get a link for the person.',
      value: typed(request, 'name'),
      isRequired: true,
      most: 63,
    })} <button type="submit">Add person</button>`
  return shown(
    framed(request, {
      title: 'People',
      active: '/people',
      lead: 'Who uses this dashboard, and with which permissions.',
      body: html`<div class="card flush">
          <ul class="rows">
            ${people.map((person) => row(person, request.now))}
          </ul>
        </div>
        <section class="card">
          <h2>Add a person</h2>
          ${postForm(request, '/people', fields, 'row')}
        </section>`,
    }),
  )
}

function row({ name, isAdmin, lastLogin }: PersonRecord, now: number): Html {
  const login = lastLogin === undefined ? 'never logged in' : html`logged in ${ago(lastLogin, now)}`
  return html`<li>
    <div class="title">
      <a href="/people/${encodeURIComponent(name)}">${name}</a><span class="sub">${login}</span>
    </div>
    ${isAdmin ? html`<span class="badge accent">Administrator</span>` : undefined}
  </li>`
}

async function personPage(request: PageRequest): Promise<PageAnswer> {
  const { dashboard, visit, at } = request
  const { person, permissions } = await dashboard.people.show(visit, at['name'] ?? '')
  const projects = (await dashboard.projects.list(visit)).map(({ name }) => name)
  const { name } = person
  const link = postForm(
    request,
    pagePath('people', name, 'link'),
    html`<button class="second">Make a setup link</button>`,
  )
  const remove = sureButton(
    'Remove person',
    html`<strong>${name}</strong> is logged out at once. The machines that ${name} has provisioned stay, and
      lose all their grants.`,
    postForm(
      request,
      pagePath('people', name, 'remove'),
      html`<button class="danger full">Remove ${name}</button>`,
    ),
  )
  return shown(
    framed(request, {
      title: name,
      active: '/people',
      lead: person.isAdmin ? 'Administrator' : 'Team member',
      body: html`${rightsCard(request, person, permissions, projects)}
        <section class="card">
          <h2>Login</h2>
          <p class="dim">A setup link lets ${name} choose another password. It is good once, for 24 hours.</p>
          <div class="buttons">${link} ${remove}</div>
        </section>`,
    }),
  )
}

function rightsCard(
  request: PageRequest,
  { name, isAdmin }: PersonRecord,
  permissions: readonly PermissionRecord[],
  projects: readonly string[],
): Html {
  const entries = Object.entries(PERMISSIONS)
  const has = (project: string, permission: string): boolean =>
    permissions.some((one) => one.project === project && one.permission === permission)
  const matrix = html`<div class="scroll" tabindex="0" role="region" aria-label="Permissions of ${name}">
    <table class="matrix">
      <thead>
        <tr>
          <th scope="col">Project</th>
          ${entries.map(([, label]) => html`<th scope="col">${label}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${projects.map(
          (project) =>
            html`<tr>
              <th scope="row">${project}</th>
              ${entries.map(
                ([permission, label]) =>
                  html`<td>
                    <input
                      type="checkbox"
                      name="right"
                      value="${permission} ${project}"
                      aria-label="${label}: ${project}"
                      ${flag('checked', has(project, permission))}
                    />
                  </td>`,
              )}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`
  const fields = html`<label class="tick all">
      <input type="checkbox" name="admin" value="yes" ${flag('checked', isAdmin)} />
      <span>Administrator<span class="sub">May do everything: people, all machines, all secrets.</span></span>
    </label>
    ${projects.length === 0 ? html`<p class="dim">There are no projects yet.</p>` : matrix}
    <button type="submit">Save permissions</button>`
  return html`<section class="card">
    <h2>Permissions</h2>
    ${postForm(request, pagePath('people', name, 'rights'), fields)}
  </section>`
}

/** Shows a setup link once: only its hash is stored. */
function linkPage(request: PageRequest, name: string, { token }: SetupLink): PageAnswer {
  return shown(
    framed(request, {
      title: `A link for ${name}`,
      active: '/people',
      lead: 'Send it on a way that only this person reads. It is good once, for 24 hours, and is not shown again.',
      body: html`<div class="card">${copied('link', `${request.origin}/setup?token=${token}`)}</div>
        <p><a href="/people/${encodeURIComponent(name)}">Give ${name} permissions</a></p>`,
    }),
  )
}

function readRights(request: PageRequest): readonly PermissionRecord[] {
  return request.form.getAll('right').flatMap((text) => {
    const [permission = '', project = ''] = text.split(' ')
    return isPermission(permission) ? [{ project, permission }] : []
  })
}

/** The routes of people. */
export const PEOPLE_ROUTES: readonly Route[] = [
  { method: 'GET', path: '/people', run: peoplePage },
  {
    method: 'POST',
    path: '/people',
    again: peoplePage,
    async run(request) {
      const name = typed(request, 'name')
      return linkPage(request, name, await request.dashboard.people.add(request.visit, request.visitor, name))
    },
  },
  { method: 'GET', path: '/people/:name', run: personPage },
  {
    method: 'POST',
    path: '/people/:name/rights',
    again: personPage,
    async run(request) {
      const { name = '' } = request.at
      const isAdmin = request.form.get('admin') === 'yes'
      const order = { name, isAdmin, permissions: readRights(request) }
      await request.dashboard.people.setRights(request.visit, request.visitor, order)
      return done(pagePath('people', name), 'saved')
    },
  },
  {
    method: 'POST',
    path: '/people/:name/link',
    again: personPage,
    async run(request) {
      const { name = '' } = request.at
      return linkPage(
        request,
        name,
        await request.dashboard.people.link(request.visit, request.visitor, name),
      )
    },
  },
  {
    method: 'POST',
    path: '/people/:name/remove',
    again: personPage,
    async run({ dashboard, visit, visitor, at }) {
      await dashboard.people.remove(visit, visitor, at['name'] ?? '')
      return done('/people', 'removed')
    },
  },
]
