import { createHash } from 'node:crypto'
import type { FileAccess } from '../text/units.ts'
import type { Template } from './template.ts'

/** A template and its place. */
interface PlacedTemplate {
  readonly path: string
  readonly access?: FileAccess | undefined
  readonly template: Template
}

/** The filters whose result changes although their input does not. */
const CHANGING_FILTERS: ReadonlySet<string> = new Set(['totp'])

function isChanging({ name }: { readonly name: string }): boolean {
  return CHANGING_FILTERS.has(name)
}

/** True: the result of the template depends on the time. */
export function dependsOnTime({ segments }: Template): boolean {
  return segments.some((segment) => segment.kind !== 'text' && segment.filters.some(isChanging))
}

/**
 * Returns a text that is equal for templates that render to equal files if their values are equal. Undefined:
 * a result depends on the time.
 */
export function fingerprintOf(templates: readonly PlacedTemplate[]): string | undefined {
  const hash = createHash('sha256')
  for (const { path, access, template } of templates) {
    hash.update(JSON.stringify([path, access ?? null, template.segments.length]))
    for (const segment of template.segments) {
      if (segment.kind === 'text') hash.update(`${segment.bytes.byteLength} `).update(segment.bytes)
      else if (segment.filters.some(isChanging)) return undefined
      else hash.update(JSON.stringify([segment.ref.id, segment.filters]))
    }
  }
  return hash.digest('base64')
}
