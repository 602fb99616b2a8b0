import type { ListedMachine } from '../../../core/broker/people/people-store.ts'
import type { MachineState } from '../../../core/broker/records.ts'
import { flag, html, type Html } from '../html/html.ts'
import { icon } from '../html/icons.ts'
import { framed } from '../html/layout.ts'
import { count, ago, nothingYet, stateBadge, textField } from '../html/parts.ts'
import { shown, type PageRequest, type Route } from '../route.ts'

const STATES: readonly (readonly [state: MachineState, label: string])[] = [
  ['enabled', 'Enabled'],
  ['disabled', 'Disabled'],
  ['pending', 'Waits for approval'],
  ['invited', 'Not enrolled yet'],
]

async function machinesPage(request: PageRequest): Promise<Html> {
  const { query, dashboard, visit, now } = request
  const search = (query.get('search') ?? '').slice(0, 63)
  const state = STATES.find(([name]) => name === query.get('state'))?.[0]
  const after = (query.get('after') ?? '').slice(0, 63)
  const { machines, next } = await dashboard.fleet.page(visit, { after, search, state })
  const isFiltered = search !== '' || state !== undefined || after !== ''
  return framed(request, {
    title: 'Machines',
    active: '/machines',
    lead: visit.person.isAdmin
      ? 'Hosts and containers with an identity of their own.'
      : 'The machines that you have provisioned.',
    actions: html`<a class="button" href="/integrations/docker/create">${icon('plus')} Create container</a>`,
    body:
      machines.length === 0 && !isFiltered
        ? nothingYet(
            'No machines yet',
            html`Create a container here, or run <code>locket machine add</code> on the host of the broker.`,
            html`<a class="button" href="/integrations/docker/create">Create container</a>`,
          )
        : html`${filterForm(search, state)} ${list(machines, now)} ${nextPage({ search, state, next, after })}`,
  })
}

function filterForm(search: string, state: MachineState | undefined): Html {
  return html`<form method="get" action="/machines" class="row" role="search">
    ${textField({ name: 'search', label: 'Search by name', value: search, type: 'search', most: 63 })}
    <div class="field">
      <label for="f-state">State</label>
      <select id="f-state" name="state">
        <option value="">All</option>
        ${STATES.map(([name, label]) => html`<option value="${name}" ${flag('selected', name === state)}>${label}</option>`)}
      </select>
    </div>
    <button class="second" type="submit">Show</button>
  </form>`
}

function list(machines: readonly ListedMachine[], now: number): Html {
  if (machines.length === 0) return html`<p class="card">No machine fits.</p>`
  return html`<div class="card flush">
    <ul class="rows">
      ${machines.map((machine) => row(machine, now))}
    </ul>
  </div>`
}

function row({ name, state, grants, lastSeen, createdAt }: ListedMachine, now: number): Html {
  const seen =
    lastSeen === undefined ? html`never seen, added ${ago(createdAt, now)}` : html`seen ${ago(lastSeen, now)}`
  return html`<li>
    <div class="title">
      <a href="/machines/${encodeURIComponent(name)}">${name}</a><span class="sub">${seen}</span>
    </div>
    <span class="meta">${count(grants, 'grant')}</span> ${stateBadge(state)}
  </li>`
}

function nextPage(at: {
  readonly search: string
  readonly state: MachineState | undefined
  readonly next: string | undefined
  readonly after: string
}): Html | undefined {
  const filters = new URLSearchParams({ search: at.search, state: at.state ?? '' })
  const link = new URLSearchParams(filters)
  link.set('after', at.next ?? '')
  if (at.next === undefined && at.after === '') return undefined
  return html`<nav aria-label="Pages" class="buttons">
    ${at.after === '' ? undefined : html`<a class="button second" href="/machines?${filters.toString()}">First page</a>`}
    ${at.next === undefined ? undefined : html`<a class="button second" href="/machines?${link.toString()}">Next page</a>`}
  </nav>`
}

/** The route of the list of machines. */
export const MACHINES_ROUTES: readonly Route[] = [
  { method: 'GET', path: '/machines', run: async (request) => shown(await machinesPage(request)) },
]
