import type { AuditRow } from '../../../core/broker/audit/chain-rows.ts'
import type { AuditOutcome } from '../../../core/broker/seams.ts'
import { LocketError } from '../../../core/vocabulary/errors.ts'
import { flag, html, type Html, type Piece } from '../html/html.ts'
import { framed, problemNote } from '../html/layout.ts'
import { ago, textField } from '../html/parts.ts'
import { shown, type PageAnswer, type PageRequest, type Route } from '../route.ts'

const OUTCOMES: readonly (readonly [outcome: AuditOutcome, label: string, kind: string])[] = [
  ['allowed', 'Allowed', 'good'],
  ['denied', 'Denied', 'bad'],
  ['failed', 'Failed', 'warn'],
]
const PAGE = 50

/** The filters of an audit page, as they are in its address. */
interface Filters {
  readonly machine: string
  readonly secret: string
  readonly outcome: AuditOutcome | undefined
  readonly since: string
  readonly before: number | undefined
}

function filtersOf(query: URLSearchParams): Filters {
  const before = Number(query.get('before') ?? '')
  return {
    machine: (query.get('machine') ?? '').trim().slice(0, 63),
    secret: (query.get('secret') ?? '').trim().slice(0, 200),
    outcome: OUTCOMES.find(([name]) => name === query.get('outcome'))?.[0],
    since: (query.get('since') ?? '').slice(0, 10),
    before: Number.isSafeInteger(before) && before > 0 ? before : undefined,
  }
}

async function auditPage(request: PageRequest): Promise<PageAnswer> {
  const filters = filtersOf(request.query)
  const isAsked = request.visit.person.isAdmin || filters.machine !== '' || filters.secret !== ''
  const { body, problem } = isAsked
    ? await linesOf(request, filters)
    : { body: undefined, problem: 'Name one of your machines, or a secret as project/name.' }
  return shown(
    framed(request, {
      title: 'Audit',
      active: '/audit',
      lead: 'Who did what, from where, and with which outcome. Each line is chained to the one before it.',
      body: html`${filterForm(filters)} ${problemNote(problem)} ${body}`,
    }),
  )
}

async function linesOf(
  request: PageRequest,
  filters: Filters,
): Promise<{ readonly body: Piece; readonly problem: string | undefined }> {
  const { machine, secret, outcome, since, before } = filters
  const from = since === '' ? undefined : Date.parse(since)
  if (Number.isNaN(from)) return { body: undefined, problem: 'The day is written like 2026-11-30.' }
  const filter = { machine: machine || undefined, secret: secret || undefined, outcome, since: from, before }
  try {
    const { rows, next } = await request.dashboard.showAudit(request.visit, filter, PAGE)
    const live = before === undefined ? 'yes' : 'no'
    const older = addressOf({ ...filters, before: next })
    const link = html`<p><a class="button second" href="/audit?${older.toString()}">Older lines</a></p>`
    const body = html`<div id="lines" data-live="${live}">${auditList(rows, request.now)}</div>
      ${next === undefined ? undefined : link}`
    return { body, problem: undefined }
  } catch (thrown) {
    if (thrown instanceof LocketError && thrown.code === 'denied')
      return {
        body: undefined,
        problem: 'You may see the lines of your machines, and of secrets with "Read the audit".',
      }
    throw thrown
  }
}

function addressOf({ machine, secret, outcome, since, before }: Filters): URLSearchParams {
  const values = {
    machine,
    secret,
    outcome: outcome ?? '',
    since,
    before: before === undefined ? '' : String(before),
  }
  return new URLSearchParams(Object.entries(values).filter(([, value]) => value !== ''))
}

function filterForm({ machine, secret, outcome, since }: Filters): Html {
  return html`<form method="get" action="/audit" class="row" role="search">
    ${textField({ name: 'machine', label: 'Machine', value: machine, most: 63 })}
    ${textField({ name: 'secret', label: 'Secret (project/name)', value: secret, most: 200 })}
    ${textField({ name: 'since', label: 'Since (day)', value: since, most: 10 })}
    <div class="field">
      <label for="f-outcome">Outcome</label>
      <select id="f-outcome" name="outcome">
        <option value="">All</option>
        ${OUTCOMES.map(([name, label]) => html`<option value="${name}" ${flag('selected', name === outcome)}>${label}</option>`)}
      </select>
    </div>
    <button class="second" type="submit">Show</button>
  </form>`
}

/** Returns the lines of the audit as a list. */
export function auditList(rows: readonly AuditRow[], now: number): Html {
  if (rows.length === 0) return html`<p class="card">No lines.</p>`
  return html`<div class="card flush">
    <ul class="rows">
      ${rows.map((row) => line(row, now))}
    </ul>
  </div>`
}

function line({ entry }: AuditRow, now: number): Html {
  const { at, actor, action, target, machine, outcome, reason, address } = entry
  const [, label = '', kind = ''] = OUTCOMES.find(([name]) => name === outcome) ?? []
  const who = actor.startsWith('machine ') && machine !== undefined ? `machine ${machine}` : actor
  const from = address === '' ? 'on the host' : `from ${address}`
  return html`<li>
    <div class="title">
      <strong>${action}</strong> <span class="target">${target}</span>
      <span class="sub">${who}, ${from}, ${ago(at, now)}</span>
    </div>
    <span class="meta why">${reason}</span>
    <span class="badge ${kind}">${label}</span>
  </li>`
}

/** The route of the audit. */
export const AUDIT_ROUTES: readonly Route[] = [{ method: 'GET', path: '/audit', run: auditPage }]
