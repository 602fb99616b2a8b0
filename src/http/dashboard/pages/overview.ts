import type { InstanceStatus } from '../../../app/access/instance-status.ts'
import { html, type Html, type Piece } from '../html/html.ts'
import { icon } from '../html/icons.ts'
import { framed } from '../html/layout.ts'
import { count } from '../html/parts.ts'
import { shown, type PageRequest, type Route } from '../route.ts'

async function overviewPage(request: PageRequest): Promise<Html> {
  const { machines, unseen, projects, secrets, providers } = await request.dashboard.overview(request.visit)
  const all = [...machines.values()].reduce((sum, number) => sum + number, 0)
  const [enabled = 0, disabled = 0, pending = 0] = ['enabled', 'disabled', 'pending'].map((state) =>
    machines.get(state),
  )
  const figures = html`<div class="grid">
    ${figure('/machines', 'Machines', all, `${enabled.toLocaleString('en')} enabled`)}
    ${figure('/machines?state=disabled', 'Disabled', disabled, 'get no answers')}
    ${figure('/machines?state=enabled', 'Not seen for a day', unseen, unseen === 0 ? 'all are in use' : 'may be gone')}
    ${figure('/projects', 'Secrets', secrets, `in ${count(projects, 'project')}`)}
  </div>`
  const waiting =
    pending > 0 &&
    html`<p class="note warn">
      ${count(pending, 'machine')} ${pending === 1 ? 'waits' : 'wait'} for approval:
      <a href="/machines?state=pending">compare the fingerprints</a>.
    </p>`
  return framed(request, {
    title: 'Overview',
    active: '/',
    actions: html`<a class="button" href="/integrations/docker/create">${icon('plus')} Create container</a>`,
    body: html`${waiting} ${figures} ${all === 0 ? firstSteps(request) : undefined}
    ${request.visit.person.isAdmin ? providersCard(providers) : undefined}`,
  })
}

function figure(path: string, label: string, number: number, more: string): Html {
  return html`<a class="card figure" href="/${path.slice(1)}">
    <span class="label">${label}</span>
    <span class="number">${number.toLocaleString('en')}</span>
    <span class="more">${more}</span>
  </a>`
}

function firstSteps({ visit }: PageRequest): Html {
  const secrets =
    visit.person.isAdmin &&
    html`<li>
      <div>
        <h3>Name a secret</h3>
        <p class="dim">
          A secret is a name for a reference of a provider. The value stays in your secret manager.
        </p>
        <p><a href="/projects">Add a secret</a></p>
      </div>
    </li>`
  return html`<section class="card">
    <h2>First steps</h2>
    <ol class="steps">
      ${secrets}
      <li>
        <div>
          <h3>Create a container</h3>
          <p class="dim">It gets an identity of its own, and reads the secrets that you tick.</p>
          <p><a href="/integrations/docker/create">Create a container</a></p>
        </div>
      </li>
      <li>
        <div>
          <h3>Mount the bundle</h3>
          <p class="dim">
            Download it once, mount it into the container, and disable the machine here at any time.
          </p>
        </div>
      </li>
    </ol>
  </section>`
}

function providersCard(providers: readonly InstanceStatus[]): Html {
  if (providers.length === 0)
    return html`<section class="card">
      <h2>Providers</h2>
      <p class="dim">No provider was asked since the start of the broker.</p>
    </section>`
  return html`<section class="card flush">
    <h2>Providers</h2>
    <ul class="rows">
      ${providers.toSorted((a, b) => (a.name < b.name ? -1 : 1)).map(providerRow)}
    </ul>
  </section>`
}

function providerRow({ name, kind, status, trouble }: InstanceStatus): Html {
  const limits =
    status?.limits.map(({ limit, left }) => `${left.toLocaleString('en')} left of ${limit}`) ?? []
  const asked = status === undefined ? 'asks no server' : count(status.requestsLastHour, 'request')
  const hour = status === undefined ? '' : ' in the last hour'
  return html`<li>
    <div class="title">
      ${name}<span class="sub">${kind === name ? '' : `${kind}, `}${asked}${hour}</span>
    </div>
    ${limits.map((text) => html`<span class="meta">${text}</span>`)} ${health(status, trouble)}
  </li>`
}

function health(status: InstanceStatus['status'], trouble?: string): Piece {
  if (status?.paused !== undefined) return html`<span class="badge bad">Paused: ${status.paused}</span>`
  if (status !== undefined && status.failures > 0)
    return html`<span class="badge warn">${count(status.failures, 'failure')} in a row</span>`
  if (trouble !== undefined) return html`<span class="badge bad">Failing: ${trouble}</span>`
  return html`<span class="badge good">Healthy</span>`
}

/** The route of the first page. */
export const OVERVIEW_ROUTES: readonly Route[] = [
  { method: 'GET', path: '/', run: async (request) => shown(await overviewPage(request)) },
]
