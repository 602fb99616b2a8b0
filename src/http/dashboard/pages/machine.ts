import { keyFingerprint } from '../../../core/broker/keys.ts'
import { ALL_SECRETS, type SecretPlace } from '../../../core/broker/records.ts'
import { flag, html, type Html, type Piece } from '../html/html.ts'
import { framed } from '../html/layout.ts'
import { ago, postForm, stateBadge, sureButton, textField } from '../html/parts.ts'
import { auditList } from './audit.ts'
import { done, typed, pagePath, shown, type PageAnswer, type PageRequest, type Route } from '../route.ts'

const AUDIT_LINES = 10

type Shown = Awaited<ReturnType<PageRequest['dashboard']['fleet']['show']>>

async function machinePage(request: PageRequest): Promise<PageAnswer> {
  const { name = '' } = request.at
  const { dashboard, visit, now } = request
  const machine = await dashboard.fleet.show(visit, name)
  const { rows } = await dashboard.showAudit(visit, { machine: name }, AUDIT_LINES)
  return shown(
    framed(request, {
      title: name,
      active: '/machines',
      lead: html`${stateBadge(machine.machine.state)}`,
      actions: stateButton(request, machine),
      body: html`<div class="two">${facts(request, machine)} ${grantsCard(request, machine)}</div>
        ${machine.mayGive ? await grantCard(request, machine) : undefined} ${changes(request, machine)}
        <h2>Audit</h2>
        ${auditList(rows, now)}
        <p><a href="/audit?machine=${encodeURIComponent(name)}">All lines of ${name}</a></p>`,
    }),
  )
}

function facts({ now }: PageRequest, { machine, owner }: Shown): Html {
  const { id, cidrs, createdAt, lastSeen, notAfter } = machine
  return html`<section class="card">
    <h2>About</h2>
    <dl class="facts">
      <dt>Last seen</dt>
      <dd>${lastSeen === undefined ? 'never' : ago(lastSeen, now)}</dd>
      <dt>Added</dt>
      <dd>${ago(createdAt, now)}</dd>
      <dt>Owner</dt>
      <dd>${owner ?? 'the administrators'}</dd>
      <dt>Addresses</dt>
      <dd>${cidrs.length === 0 ? 'any' : cidrs.join(', ')}</dd>
      <dt>Expires</dt>
      <dd>${notAfter === undefined ? 'never' : ago(notAfter, now)}</dd>
      ${proofOf(machine)}
      <dt>Id</dt>
      <dd><code>${id}</code></dd>
    </dl>
  </section>`
}

/** How the machine proves itself: by its key, or by a token that fits its rule. */
function proofOf({ keys, workload }: Shown['machine']): Html {
  if (workload === undefined)
    return html`<dt>Key</dt>
      <dd><code>${keys === undefined ? 'none yet' : keyFingerprint(keys.signing)}</code></dd>`
  const { issuer, claims } = workload
  const rows = Object.entries(claims).map(
    ([name, pattern]) => html`<div><code>${name}=${pattern}</code></div>`,
  )
  return html`<dt>Token of</dt>
    <dd>${issuer}</dd>
    <dt>Claims</dt>
    <dd>${rows}</dd>`
}

function stateButton(request: PageRequest, { machine: { name, state } }: Shown): Piece {
  if (state === 'enabled')
    return postForm(
      request,
      pagePath('machines', name, 'disable'),
      html`<button class="danger">Disable</button>`,
    )
  if (!request.visit.person.isAdmin || state === 'invited') return undefined
  const label = state === 'pending' ? 'Approve' : 'Enable'
  return postForm(request, pagePath('machines', name, 'enable'), html`<button>${label}</button>`)
}

function grantsCard(request: PageRequest, { machine, grants }: Shown): Html {
  if (grants.length === 0)
    return html`<section class="card">
      <h2>Secrets that it may read</h2>
      <p class="dim">None.</p>
    </section>`
  return html`<section class="card flush">
    <h2>Secrets that it may read</h2>
    <ul class="rows">
      ${grants.map((place) => grantRow(request, machine.name, place))}
    </ul>
  </section>`
}

function grantRow(request: PageRequest, machine: string, { project, name }: SecretPlace): Html {
  const label = name === ALL_SECRETS ? 'all secrets, those of the future too' : name
  const fields = html`<input type="hidden" name="project" value="${project}" />
    <input type="hidden" name="secret" value="${name}" />
    <button class="second small" aria-label="Take away ${project}/${name}">Take away</button>`
  return html`<li>
    <div class="title">${label}<span class="sub">${project}</span></div>
    ${postForm(request, pagePath('machines', machine, 'take'), fields)}
  </li>`
}

/** Lets a person grant another secret, of the projects in which they may provision. */
async function grantCard(request: PageRequest, { machine }: Shown): Promise<Html | undefined> {
  const { dashboard, visit } = request
  const projects = await dashboard.projects.provisionable(visit)
  if (projects.length === 0) return undefined
  const fields = html`<div class="field">
      <label for="f-project">Project</label>
      <select id="f-project" name="project">
        ${projects.map((project) => html`<option ${flag('selected', project === request.form.get('project'))}>${project}</option>`)}
      </select>
    </div>
    ${textField({ name: 'secret', label: 'Name of the secret', isRequired: true, most: 127, value: typed(request, 'secret') })}
    <button class="second" type="submit">Grant</button>`
  return html`<section class="card">
    <h2>Grant another secret</h2>
    ${postForm(request, pagePath('machines', machine.name, 'grant'), fields, 'row')}
  </section>`
}

function changes(request: PageRequest, { machine: { name }, grants, mayGive }: Shown): Html {
  const rename = html`${textField({ name: 'next', label: 'New name', value: typed(request, 'next') || name, isRequired: true, most: 63 })}
    <button class="second" type="submit">Rename</button>`
  const revoke = sureButton(
    'Revoke access',
    html`<strong>${name}</strong> keeps its identity, and reads nothing any more. You can grant secrets again.`,
    postForm(
      request,
      pagePath('machines', name, 'revoke'),
      html`<button class="danger full">Revoke all access</button>`,
    ),
  )
  const remove = sureButton(
    'Delete machine',
    html`<strong>${name}</strong> and all its grants are deleted. Its identity cannot be used or recovered.`,
    postForm(
      request,
      pagePath('machines', name, 'delete'),
      html`<button class="danger full">Delete ${name}</button>`,
    ),
  )
  return html`<section class="card">
    <h2>Change</h2>
    ${mayGive ? postForm(request, pagePath('machines', name, 'rename'), rename, 'row') : undefined}
    <div class="buttons">${grants.length === 0 ? undefined : revoke} ${remove}</div>
  </section>`
}

/** Returns a route that changes a machine and shows what was done. */
function changing(action: string, work: (request: PageRequest, name: string) => Promise<PageAnswer>): Route {
  return {
    method: 'POST',
    path: `/machines/:name/${action}`,
    again: machinePage,
    run: (request) => work(request, request.at['name'] ?? ''),
  }
}

function placeOf(request: PageRequest): SecretPlace {
  return { project: typed(request, 'project'), name: typed(request, 'secret') }
}

/** The routes of one machine. */
export const MACHINE_ROUTES: readonly Route[] = [
  { method: 'GET', path: '/machines/:name', run: machinePage },
  ...(['enable', 'disable'] as const).map((action) =>
    changing(action, async ({ dashboard, visit, visitor }, name) => {
      await dashboard.fleet.setState(visit, visitor, { name, state: `${action}d` })
      return done(pagePath('machines', name), `${action}d`)
    }),
  ),
  changing('rename', async (request, name) => {
    const next = typed(request, 'next')
    await request.dashboard.fleet.rename(request.visit, request.visitor, { name, next })
    return done(pagePath('machines', next), 'renamed')
  }),
  changing('revoke', async ({ dashboard, visit, visitor }, name) => {
    await dashboard.fleet.revokeAll(visit, visitor, name)
    return done(pagePath('machines', name), 'revoked')
  }),
  changing('delete', async ({ dashboard, visit, visitor }, name) => {
    await dashboard.fleet.remove(visit, visitor, name)
    return done('/machines', 'deleted')
  }),
  changing('grant', async (request, name) => {
    await request.dashboard.fleet.grant(request.visit, request.visitor, { name, place: placeOf(request) })
    return done(pagePath('machines', name), 'granted')
  }),
  changing('take', async (request, name) => {
    await request.dashboard.fleet.revoke(request.visit, request.visitor, { name, place: placeOf(request) })
    return done(pagePath('machines', name), 'revoked')
  }),
]
