import type { SecretPlace } from './records.ts'

/** The question of a machine: a secret of a project, one field of it, or all of its fields. */
export interface AskedPlace extends SecretPlace {
  /** The name of a field. */
  readonly field?: string
  /** All fields, written `project/name/*`. */
  readonly isAll?: true
}

const PROJECT = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,126}$/
/** Longest field in its encoded form. */
const MOST_FIELD_CHARACTERS = 512

/** True for a name that a project or a machine may have. */
export function isProjectName(text: string): boolean {
  return PROJECT.test(text)
}

/** True for a name that a secret may have: 127 characters instead of 63. */
export function isPlaceName(text: string): boolean {
  return NAME.test(text)
}

/**
 * Parses `project/name`, `project/name/field` or `project/name/*`. A field is percent-encoded; `%2A` is a
 * field that is named `*`. Undefined: anything else.
 */
export function parsePlace(text: string): AskedPlace | undefined {
  const [project = '', name = '', field, ...others] = text.split('/')
  if (!isProjectName(project) || !isPlaceName(name) || others.length > 0) return undefined
  if (field === undefined) return { project, name }
  if (field === '*') return { project, name, isAll: true }
  const decoded = decodeField(field)
  return decoded === undefined ? undefined : { project, name, field: decoded }
}

/** As `parsePlace`, and undefined also for a place in another form than `formatPlace` writes it. */
export function parseCanonicalPlace(text: string): AskedPlace | undefined {
  const place = parsePlace(text)
  return place !== undefined && formatPlace(place) === text ? place : undefined
}

/** Returns the one written form of a place: `parsePlace` reads it again. */
export function formatPlace({ project, name, field, isAll }: AskedPlace): string {
  const last = isAll === true ? '*' : field === undefined ? undefined : encodeField(field)
  return last === undefined ? `${project}/${name}` : `${project}/${name}/${last}`
}

function encodeField(field: string): string {
  // encodeURIComponent leaves `*` as it is.
  return encodeURIComponent(field).replaceAll('*', '%2A')
}

function decodeField(text: string): string | undefined {
  if (text === '' || text.length > MOST_FIELD_CHARACTERS) return undefined
  try {
    const field = decodeURIComponent(text)
    return field.isWellFormed() ? field : undefined
  } catch {
    return undefined
  }
}
