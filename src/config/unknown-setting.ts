import { nearest } from '../core/nearest.ts'
import { LATER, notBuilt } from '../providers/later.ts'

/**
 * What to say of a setting that is not known: whose it is, or which one was probably meant, as `show` writes it. Empty when there is
 * nothing to say.
 */
export function adviceOn(
  name: string,
  known: readonly string[],
  show: (name: string) => string = (name) => name,
): string {
  const spelled = name.replaceAll('_', '-')
  const later = LATER.find((row) => spelled.startsWith(row.settings))
  if (later !== undefined) return notBuilt(later)
  const near = nearest(spelled, known)
  return near === undefined ? '' : `did you mean ${show(near)}?`
}
