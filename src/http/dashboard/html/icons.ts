import { ASSETS } from '../assets/assets.ts'
import type { IconName } from '../assets/shapes.ts'
import { html, type Html } from './html.ts'

/** Returns a shape beside a text that says the same: screen readers skip it. */
export function icon(name: IconName): Html {
  return html`<svg class="icon" aria-hidden="true"><use href="/assets/${ASSETS.icons.name}#${name}" /></svg>`
}
