import type { MachineState } from '../../../core/broker/records.ts'
import { flag, html, type Html, type Piece } from './html.ts'

/** Returns a form for one POST. It works without a script. */
export function postForm(
  { csrf }: { readonly csrf: string },
  action: string,
  inside: Piece,
  kind: 'row' | 'stack' = 'stack',
): Html {
  // Every action is a path of this program, as the safety of templates asks for.
  return html`<form method="post" action="/${action.replace(/^\/+/, '')}" class="${kind}">
    <input type="hidden" name="_form" value="${csrf}" />
    ${inside}
  </form>`
}

/** The parts of a field of a form. */
interface FieldParts {
  readonly name: string
  readonly label: string
  readonly value?: string
  readonly hint?: string
  readonly type?: 'text' | 'password' | 'search'
  /** The content that browsers and password managers fill in. */
  readonly fills?: 'username' | 'current-password' | 'new-password' | 'off'
  readonly isRequired?: boolean
  readonly most?: number
}

/** Returns a field with its label and hint. */
export function textField(parts: FieldParts): Html {
  const { name, label, value = '', hint, type = 'text', fills = 'off', most = 256 } = parts
  const id = `f-${name}`
  const required = parts.isRequired === true
  return html`<div class="field">
    <label for="${id}">${label}</label>
    ${hint === undefined ? undefined : html`<p class="hint" id="${id}-hint">${hint}</p>`}
    ${
      hint === undefined
        ? html`<input
            id="${id}"
            name="${name}"
            type="${type}"
            value="${value}"
            maxlength="${most}"
            autocomplete="${fills}"
            ${flag('required', required)}
          />`
        : html`<input
            id="${id}"
            name="${name}"
            type="${type}"
            value="${value}"
            maxlength="${most}"
            autocomplete="${fills}"
            aria-describedby="${id}-hint"
            ${flag('required', required)}
          />`
    }
  </div>`
}

const STATES: Readonly<Record<MachineState, { readonly label: string; readonly kind: string }>> = {
  enabled: { label: 'Enabled', kind: 'good' },
  disabled: { label: 'Disabled', kind: 'bad' },
  pending: { label: 'Waits for approval', kind: 'warn' },
  invited: { label: 'Not enrolled yet', kind: 'dim' },
}

/** Returns the label of a machine's state. */
export function stateBadge(state: MachineState): Html {
  const { label, kind } = STATES[state]
  return html`<span class="badge ${kind}">${label}</span>`
}

const STEPS: readonly (readonly [ms: number, unit: Intl.RelativeTimeFormatUnit])[] = [
  [365 * 86_400_000, 'year'],
  [30 * 86_400_000, 'month'],
  [86_400_000, 'day'],
  [3_600_000, 'hour'],
  [60_000, 'minute'],
]

const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })

/** Returns a time as people say it, with the exact one for who points at it. */
export function ago(ms: number, now: number): Html {
  const away = ms - now
  const [size, unit] = STEPS.find(([step]) => Math.abs(away) >= step) ?? [1, undefined]
  const text = unit === undefined ? 'just now' : relative.format(Math.round(away / size), unit)
  const exact = new Date(ms).toISOString().slice(0, 19).replace('T', ' ')
  return html`<span title="${exact} UTC">${text}</span>`
}

/** Returns the content of a list that is empty: what it is for, and what to do. */
export function nothingYet(title: string, text: Piece, action?: Piece): Html {
  return html`<div class="card empty">
    <h2>${title}</h2>
    <p>${text}</p>
    ${action}
  </div>`
}

/** Returns a button that asks once more, without a script. */
export function sureButton(label: string, warning: Piece, form: Html): Html {
  return html`<details class="sure">
    <summary class="button danger">${label}</summary>
    <div class="card">
      <p>${warning}</p>
      ${form}
    </div>
  </details>`
}

/** Returns a number with its noun: `1 machine`, `2 machines`. */
export function count(number: number, noun: string): string {
  return `${number.toLocaleString('en')} ${noun}${number === 1 ? '' : 's'}`
}
