import type { PolicyState } from '../../../app/policy/live-policy.ts'
import { html, type Html, type Piece } from '../html/html.ts'
import { framed } from '../html/layout.ts'
import { ago, nothingYet, postForm, textField } from '../html/parts.ts'
import { shown, typed, type PageAnswer, type PageRequest, type Route } from '../route.ts'
import { copied } from './snippets.ts'

async function policyPage(request: PageRequest): Promise<PageAnswer> {
  return await pageWith(request, {})
}

/** Returns the page with the results of a try or a check. */
async function pageWith(
  request: PageRequest,
  results: { readonly tried?: Piece; readonly checked?: Piece },
): Promise<PageAnswer> {
  const state = request.dashboard.policy.state(request.visit)
  return shown(
    framed(request, {
      title: 'Policy',
      active: '/policy',
      lead: 'Rules that decide about each granted read. The first rule that matches decides.',
      body: html`${state === undefined ? noPolicy() : rulesCard(state, request.now)}
      ${tryCard(request, results.tried)} ${checkCard(request, results.checked)}`,
    }),
  )
}

function noPolicy(): Html {
  return nothingYet(
    'Grants alone decide',
    html`A machine reads all that is granted to it. A file of rules, which the setting
      <code>policy-file</code> names, can restrict that.`,
  )
}

function rulesCard({ path, hash, rules, since, error }: PolicyState, now: number): Html {
  return html`<section class="card flush">
    <h2>Rules in effect</h2>
    ${
      error === undefined
        ? undefined
        : html`<p class="note bad" role="alert">A newer file is not in effect: ${error}</p>`
    }
    <ol class="rows">
      ${rules.map(
        ({ name, when, effect }) =>
          html`<li>
            <div class="title">${name}<span class="sub mono">${when}</span></div>
            <span class="badge ${effect === 'allow' ? 'good' : 'bad'}"
              >${effect === 'allow' ? 'Allow' : 'Deny'}</span
            >
          </li>`,
      )}
      <li>
        <div class="title dim">Everything else</div>
        <span class="badge bad">Deny</span>
      </li>
    </ol>
    <p class="foot dim">
      <code>${path}</code>, in effect since ${ago(since, now)}. The file is edited on the host of the broker,
      and takes effect when it is saved. SHA-256 <code>${hash}</code>
    </p>
  </section>`
}

function tryCard(request: PageRequest, result: Piece): Html {
  const fields = html`${textField({ name: 'machine', label: 'Machine', value: typed(request, 'machine'), isRequired: true, most: 63 })}
    ${textField({ name: 'secret', label: 'Secret (project/name)', value: typed(request, 'secret'), isRequired: true, most: 200 })}
    ${textField({ name: 'address', label: 'Address', value: typed(request, 'address'), most: 45 })}
    <button class="second" type="submit">Try</button>`
  return html`<section class="card">
    <h2>Try a read</h2>
    <p class="dim">Shows what would be decided now. Nothing is read.</p>
    ${postForm(request, '/policy/try', fields, 'row')} ${result}
  </section>`
}

function checkCard(request: PageRequest, result: Piece): Html {
  const fields = html`<div class="field">
      <label for="f-text">Policy</label>
      <p class="hint" id="f-text-hint">
        The text of a policy file, with its examples. It is compiled and its examples run. It does not take
        effect.
      </p>
      <textarea id="f-text" name="text" rows="8" spellcheck="false" aria-describedby="f-text-hint">
${request.form.get('text') ?? ''}</textarea>
    </div>
    <button class="second" type="submit">Check</button>`
  return html`<section class="card">
    <h2>Check a text</h2>
    ${postForm(request, '/policy/check', fields)} ${result}
  </section>`
}

/** The routes of the policy. */
export const POLICY_ROUTES: readonly Route[] = [
  { method: 'GET', path: '/policy', run: policyPage },
  {
    method: 'POST',
    path: '/policy/try',
    again: policyPage,
    async run(request) {
      const [project = '', ...rest] = typed(request, 'secret').split('/')
      const read = {
        machine: typed(request, 'machine'),
        project,
        secret: rest.join('/'),
        address: typed(request, 'address'),
      }
      const { isAllowed, policy } = await request.dashboard.policy.try(request.visit, read)
      const tried = html`<p class="note ${isAllowed ? 'good' : 'bad'}" role="status">
        ${isAllowed ? 'Allowed' : 'Denied'}: ${policy}
      </p>`
      return await pageWith(request, { tried })
    },
  },
  {
    method: 'POST',
    path: '/policy/check',
    again: policyPage,
    async run(request) {
      const text = request.form.get('text') ?? ''
      const { isGood, report } = await request.dashboard.policy.check(request.visit, text)
      const checked = html`<p class="note ${isGood ? 'good' : 'bad'}" role="status">
          ${isGood ? 'The policy is good.' : 'Not all examples are as expected.'}
        </p>
        ${copied('report', report)}`
      return await pageWith(request, { checked })
    },
  },
]
