import type { Changes } from '../../core/ports/files.ts'
import type { PreparedTemplate } from '../recipe/recipe.ts'
import type { Rendered } from '../render/render.ts'

/** A place that rendered content goes to. */
export interface Sink<T extends PreparedTemplate> {
  /**
   * Brings in place what `templates` became. Content that is equal to what is in place is not touched. What
   * is in place and has no template any more is removed. `rendered` may hold other templates too; they are
   * ignored. The caller wipes it. When it rejects, what was in place stays.
   */
  put(templates: readonly T[], rendered: Rendered<PreparedTemplate>): Promise<Changes>
}

/** How many files or variables are new or different. */
export function countOf({ changed, made }: Changes): number {
  return changed.length + made.length
}

/** Nothing is new, different or gone. */
export function isUnchanged(changes: Changes): boolean {
  return countOf(changes) + changes.gone.length === 0
}
