import { nearest } from '../../../core/text/nearest.ts'

const MOST_LISTED = 5
const LONGEST_SHOWN = 80
/** More names than that are not compared: the search must stay short. */
const MOST_COMPARED = 2000

/** Returns `did you mean NAME?` if one of the known names is similar to the wanted one. */
export function nearHint(wanted: string, known: Iterable<string>): string | undefined {
  const near = nearest(wanted.slice(0, LONGEST_SHOWN), [...known].filter(isShort).slice(0, MOST_COMPARED))
  return near === undefined ? undefined : `did you mean ${near}?`
}

/**
 * Returns `did you mean NAME?`, or else up to five of the names that there are: `there is a, b and 12 more`.
 * For names that anybody may see who may name the secret, such as the fields of an item.
 */
export function fieldHint(wanted: string, known: readonly string[]): string | undefined {
  const near = nearHint(wanted, known)
  if (near !== undefined) return near
  const names = known.filter((name) => name !== '')
  if (names.length === 0) return undefined
  const listed = names.slice(0, MOST_LISTED).map((name) => name.slice(0, LONGEST_SHOWN))
  const more = names.length > MOST_LISTED ? ` and ${names.length - MOST_LISTED} more` : ''
  return `there is ${listed.join(', ')}${more}`
}

function isShort(name: string): boolean {
  return name !== '' && name.length <= LONGEST_SHOWN
}
