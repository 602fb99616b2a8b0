import type { Changes } from '../../core/ports/files.ts'
import type { PreparedTemplate } from '../recipe/recipe.ts'
import type { Rendered } from '../render/render.ts'

/** A place that rendered content goes to. */
export interface Sink<T extends PreparedTemplate> {
  /**
   * Puts the contents of `templates` in place. Content that is equal to the content in place is not touched.
   * Content in place that has no template any more is removed. Other templates in `rendered` are ignored. The
   * caller must wipe `rendered`. When it rejects, the old content stays.
   */
  put(templates: readonly T[], rendered: Rendered<PreparedTemplate>): Promise<Changes>
}

/** Returns how many files or variables are new or different. */
export function countOf({ changed, made }: Changes): number {
  return changed.length + made.length
}

/** Returns true when nothing is new, different or gone. */
export function isUnchanged(changes: Changes): boolean {
  return countOf(changes) + changes.gone.length === 0
}
