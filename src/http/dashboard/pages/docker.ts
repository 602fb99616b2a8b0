import { flag, html, type Html, type Piece } from '../html/html.ts'
import { icon } from '../html/icons.ts'
import { framed } from '../html/layout.ts'
import { nothingYet, postForm, textField } from '../html/parts.ts'
import { typed, shown, type PageAnswer, type PageRequest, type Route } from '../route.ts'
import { COOKIES } from '../session/cookies.ts'
import { snippets } from './snippets.ts'

async function integrationsPage(request: PageRequest): Promise<PageAnswer> {
  return shown(
    framed(request, {
      title: 'Integrations',
      active: '/integrations',
      lead: 'Ways to give secrets to programs.',
      body: html`<details class="card" open>
        <summary><h2>${icon('box')} Docker</h2></summary>
        <p class="dim gap">
          Each container gets an identity of its own, which you mount as a folder. There is no key in the
          image and none in an environment variable.
        </p>
        <p class="gap"><a class="button" href="/integrations/docker/create">Create Container</a></p>
      </details>`,
    }),
  )
}

async function createPage(request: PageRequest): Promise<PageAnswer> {
  const { dashboard, visit, query, form } = request
  const projects = await dashboard.projects.provisionable(visit)
  const asked = form.get('project') ?? query.get('project')
  const project = projects.find((name) => name === asked) ?? projects[0]
  const body = project === undefined ? noProject(request) : await createForm(request, projects, project)
  return shown(
    framed(request, {
      title: 'Create container',
      active: '/integrations',
      lead: 'The container gets a machine identity, and may read the secrets that you tick.',
      body,
    }),
  )
}

function noProject({ visit }: PageRequest): Html {
  return visit.person.isAdmin
    ? nothingYet(
        'There are no secrets yet',
        'A container reads secrets of a project. Add the first secret, which makes its project.',
        html`<a class="button" href="/projects">Add a secret</a>`,
      )
    : nothingYet(
        'You cannot create containers',
        'You need the permission "Manage provisioned machines" on a project. An administrator can give it.',
      )
}

async function createForm(request: PageRequest, projects: readonly string[], project: string): Promise<Html> {
  const { secrets } = await request.dashboard.projects.show(request.visit, project)
  const ticked = new Set(request.form.getAll('secret'))
  const isAll = request.form.get('step') === 'all'
  const ticks = html`<fieldset>
    <legend>Secrets</legend>
    <p class="hint">Tick the secrets that the container may read.</p>
    <p data-without-script="yes">
      <button class="second small" name="step" value="all" type="submit">Select all</button>
    </p>
    <label class="tick all" hidden
      ><input type="checkbox" data-ticks="secret" /><span>Select all</span></label
    >
    <ul class="ticks">
      ${secrets.map(
        ({ name, reference }) =>
          html`<li>
            <label class="tick">
              <input
                type="checkbox"
                name="secret"
                value="${name}"
                ${flag('checked', isAll || ticked.has(name))}
              />
              <span>${name}<span class="sub mono">${reference}</span></span>
            </label>
          </li>`,
      )}
    </ul>
  </fieldset>`
  const fields = html`${textField({
      name: 'name',
      label: 'Machine name',
      hint: 'Optional. Left blank, a name is made.',
      value: typed(request, 'name'),
      most: 63,
    })}
    <div class="field">
      <label for="f-project">Project</label>
      <p class="hint" id="f-project-hint">The project whose secrets the container may read.</p>
      <select id="f-project" name="project" data-clicks="choose" aria-describedby="f-project-hint">
        ${projects.map((name) => html`<option ${flag('selected', name === project)}>${name}</option>`)}
      </select>
    </div>
    <p data-without-script="yes">
      <button id="choose" class="second small" name="step" value="choose" type="submit">
        Show its secrets
      </button>
    </p>
    ${secrets.length === 0 ? html`<p class="dim">This project has no secrets.</p>` : ticks}
    <button type="submit" name="step" value="provision">Provision</button>`
  return html`<div class="card">${postForm(request, '/integrations/docker/create', fields)}</div>`
}

async function bundlePage(request: PageRequest): Promise<PageAnswer> {
  const { dashboard, cookies, now, query } = request
  const bundle = await dashboard.fleet.bundle(cookies.get(COOKIES.bundle) ?? '')
  const name = bundle?.name ?? query.get('name')?.slice(0, 63) ?? 'my-container'
  return shown(
    framed(request, {
      title: bundle === undefined ? 'The bundle is gone' : `${name} is ready`,
      active: '/integrations',
      lead:
        bundle === undefined
          ? 'It was downloaded, or its 15 minutes are over. It cannot be downloaded again.'
          : 'Download the bundle now, and mount it into the container.',
      body: html`<ol class="steps card">
        <li>
          <div>
            <h2>Download the bundle</h2>
            ${bundle === undefined ? goneNote(name) : downloadForm(request, bundle.expires - now)}
          </div>
        </li>
        ${snippets(name)}
        <li>
          <div>
            <h2>Take the access away</h2>
            <p>
              Deleting the container does not end its access. Disable or delete the machine on
              <a href="/machines/${encodeURIComponent(name)}">its page</a>.
            </p>
          </div>
        </li>
      </ol>`,
    }),
  )
}

function downloadForm(request: PageRequest, leftMs: number): Html {
  const minutes = Math.max(1, Math.ceil(leftMs / 60_000))
  return html`<p>
      It holds <code>identity.json</code>, <code>private.pem</code> and <code>cli.json</code>. It can be
      downloaded once, and expires in
      <strong data-until="${leftMs}">${minutes} ${minutes === 1 ? 'minute' : 'minutes'}</strong>. The broker
      keeps no copy of the key.
    </p>
    <form method="post" action="/integrations/docker/download" data-once="yes">
      <input type="hidden" name="_form" value="${request.csrf}" />
      <button type="submit">${icon('down')} Download .sikkerkey</button>
    </form>`
}

function goneNote(name: string): Piece {
  return html`<p>
    Is the file lost? The key cannot be recovered: delete
    <a href="/machines/${encodeURIComponent(name)}">the machine</a> and
    <a href="/integrations/docker/create">create another one</a>.
  </p>`
}

async function provision(request: PageRequest): Promise<PageAnswer> {
  // Without a script, two buttons of the form only show it again.
  if (['choose', 'all'].includes(typed(request, 'step'))) return await createPage(request)
  const { dashboard, visit, visitor, form, now } = request
  const { token, expires, machine } = await dashboard.fleet.provision(visit, visitor, {
    name: typed(request, 'name'),
    project: typed(request, 'project'),
    secrets: form.getAll('secret'),
  })
  // The token is in a cookie that no script reads: an address would stay in the history of the browser.
  const cookie = { name: COOKIES.bundle, value: token, maxAgeS: Math.floor((expires - now) / 1000) }
  const to = `/integrations/docker/bundle?name=${encodeURIComponent(machine.name)}`
  return { kind: 'redirect', to, cookies: [cookie] }
}

async function download({ dashboard, visit, visitor, cookies }: PageRequest): Promise<PageAnswer> {
  const { name, zip } = await dashboard.fleet.download(visit, visitor, cookies.get(COOKIES.bundle) ?? '')
  const gone = { name: COOKIES.bundle, value: '', maxAgeS: 0 }
  return { kind: 'file', name: `${name}.sikkerkey.zip`, bytes: zip, cookies: [gone] }
}

/** The routes of the integrations. */
export const DOCKER_ROUTES: readonly Route[] = [
  { method: 'GET', path: '/integrations', run: integrationsPage },
  { method: 'GET', path: '/integrations/docker/create', run: createPage },
  { method: 'POST', path: '/integrations/docker/create', again: createPage, run: provision },
  { method: 'GET', path: '/integrations/docker/bundle', run: bundlePage },
  { method: 'POST', path: '/integrations/docker/download', run: download },
]
