import { nearest } from '../../core/text/nearest.ts'

/**
 * What to say of a setting that is not known: which one was probably meant, as `show` writes it. Empty when there is nothing to say.
 */
export function adviceOn(
  name: string,
  known: readonly string[],
  show: (name: string) => string = (name) => name,
): string {
  const near = nearest(name.replaceAll('_', '-'), known)
  return near === undefined ? '' : `did you mean ${show(near)}?`
}
