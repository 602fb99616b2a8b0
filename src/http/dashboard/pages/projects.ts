import type { ListedProject } from '../../../core/broker/people/people-store.ts'
import type { SecretRecord } from '../../../core/broker/records.ts'
import { html, type Html, type Piece } from '../html/html.ts'
import { framed } from '../html/layout.ts'
import { count, nothingYet, postForm, sureButton, textField } from '../html/parts.ts'
import { done, typed, pagePath, shown, type PageAnswer, type PageRequest, type Route } from '../route.ts'

async function projectsPage(request: PageRequest): Promise<PageAnswer> {
  const projects = await request.dashboard.projects.list(request.visit)
  const empty = request.visit.person.isAdmin
    ? nothingYet('No projects yet', 'The first secret makes its project.')
    : nothingYet('No projects', 'An administrator can give you permissions on projects.')
  return shown(
    framed(request, {
      title: 'Projects',
      active: '/projects',
      lead: 'Names for references of your secret managers. The broker stores no values.',
      body: html`${projects.length === 0 ? empty : list(projects)} ${addCard(request, '/projects')}`,
    }),
  )
}

function list(projects: readonly ListedProject[]): Html {
  return html`<div class="card flush">
    <ul class="rows">
      ${projects.map(
        ({ name, secrets, grants }) =>
          html`<li>
            <div class="title"><a href="/projects/${encodeURIComponent(name)}">${name}</a></div>
            <span class="meta">${count(secrets, 'secret')}</span>
            <span class="meta">${count(grants, 'grant')}</span>
          </li>`,
      )}
    </ul>
  </div>`
}

async function projectPage(request: PageRequest): Promise<PageAnswer> {
  const { project = '' } = request.at
  const { secrets, machines } = await request.dashboard.projects.show(request.visit, project)
  return shown(
    framed(request, {
      title: project,
      active: '/projects',
      lead: count(secrets.length, 'secret'),
      body: html`${secretsCard(request, project, secrets)} ${machinesCard(machines)}
      ${addCard(request, pagePath('projects', project), project)}`,
    }),
  )
}

function secretsCard(request: PageRequest, project: string, secrets: readonly SecretRecord[]): Html {
  if (secrets.length === 0) return nothingYet('No secrets', 'All secrets of this project were removed.')
  return html`<form id="remove" method="post" action="/projects/${encodeURIComponent(project)}/remove">
      <input type="hidden" name="_form" value="${request.csrf}" />
    </form>
    <section class="card flush">
      <h2>Secrets</h2>
      <ul class="rows">
        ${secrets.map(
          ({ name, reference }) =>
            html`<li>
              <div class="title">${name}<span class="sub mono">${reference}</span></div>
              ${removeButton(request, name)}
            </li>`,
        )}
      </ul>
    </section>`
}

/** All buttons belong to one form, which is beside the list. */
function removeButton({ visit }: PageRequest, name: string): Piece {
  if (!visit.person.isAdmin) return undefined
  return sureButton(
    'Remove',
    html`<strong>${name}</strong> and all grants of it are removed. The value in the secret manager stays.`,
    html`<button class="danger full" form="remove" name="secret" value="${name}">Remove ${name}</button>`,
  )
}

function machinesCard(machines: readonly string[]): Piece {
  if (machines.length === 0) return undefined
  return html`<section class="card flush">
    <h2>Machines with access</h2>
    <ul class="rows">
      ${machines.map(
        (name) =>
          html`<li>
            <div class="title"><a href="/machines/${encodeURIComponent(name)}">${name}</a></div>
          </li>`,
      )}
    </ul>
  </section>`
}

function addCard(request: PageRequest, action: string, project?: string): Piece {
  if (!request.visit.person.isAdmin) return undefined
  const fields = html`${
      project === undefined
        ? textField({
            name: 'project',
            label: 'Project',
            hint: 'An existing one, or a new one.',
            value: typed(request, 'project'),
            isRequired: true,
            most: 63,
          })
        : undefined
    }
    ${textField({
      name: 'secret',
      label: 'Name',
      hint: 'The name that machines ask for.',
      value: typed(request, 'secret'),
      isRequired: true,
      most: 127,
    })}
    ${textField({
      name: 'reference',
      label: 'Reference',
      hint: 'The place of the value, such as op://Servers/Database/password.',
      value: typed(request, 'reference'),
      isRequired: true,
      most: 2048,
    })} <button type="submit">Add secret</button>`
  return html`<section class="card">
    <h2>Add a secret</h2>
    ${postForm(request, `${action}/add`, fields)}
  </section>`
}

async function add(request: PageRequest): Promise<PageAnswer> {
  const project = request.at['project'] ?? typed(request, 'project')
  const secret = { project, name: typed(request, 'secret'), reference: typed(request, 'reference') }
  await request.dashboard.projects.add(request.visit, request.visitor, secret)
  return done(pagePath('projects', project), 'added')
}

/** The routes of projects and secrets. */
export const PROJECT_ROUTES: readonly Route[] = [
  { method: 'GET', path: '/projects', run: projectsPage },
  { method: 'POST', path: '/projects/add', again: projectsPage, run: add },
  { method: 'GET', path: '/projects/:project', run: projectPage },
  { method: 'POST', path: '/projects/:project/add', again: projectPage, run: add },
  {
    method: 'POST',
    path: '/projects/:project/remove',
    async run(request) {
      const { project = '' } = request.at
      const place = { project, name: typed(request, 'secret') }
      await request.dashboard.projects.remove(request.visit, request.visitor, place)
      return done(pagePath('projects', project), 'removed')
    },
  },
]
