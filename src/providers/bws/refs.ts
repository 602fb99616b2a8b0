import { LocketError } from '../../core/vocabulary/errors.ts'

const FIELDS = ['value', 'key', 'note'] as const
/** The name of a text of a secret. */
export type BwsField = (typeof FIELDS)[number]

/** A reference to one text of a secret. */
export interface BwsReference {
  /** The UUID of the secret, in lower case. */
  readonly id: string
  readonly field: BwsField
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const SHAPE = 'expected bws://ID or bws://ID?field=value, key or note; the ID is the UUID of the secret'

/**
 * Parses the id of a secret or `bws://ID[?field=…]`. Returns undefined for a text that is not such a
 * reference. Throws `ref_syntax` for a malformed one; `bws:/x` and `bws:ID` count as malformed.
 */
export function parseBwsReference(text: string): BwsReference | undefined {
  const bare = asId(text)
  if (bare !== undefined) return { id: bare, field: 'value' }
  const [, slashes, rest = ''] = /^bws:(\/*)(.*)$/is.exec(text) ?? []
  if (slashes === undefined || (slashes === '' && asId(rest) === undefined)) return undefined
  if (slashes !== '//') throw malformed(text, 'is malformed')
  if (rest === '*' || rest.endsWith('/*'))
    throw malformed(text, 'asks for several secrets, and a secret of Bitwarden is read by its id alone')
  const mark = rest.indexOf('?')
  const id = asId(mark === -1 ? rest : rest.slice(0, mark))
  if (id === undefined) throw malformed(text, 'has no UUID for its id')
  return { id, field: mark === -1 ? 'value' : parseQuery(rest.slice(mark + 1), text) }
}

/** Returns the canonical text of a reference. It parses back to the same reference. */
export function formatBwsReference({ id, field }: BwsReference): string {
  return field === 'value' ? `bws://${id}` : `bws://${id}?field=${field}`
}

function asId(text: string): string | undefined {
  const id = text.toLowerCase()
  return UUID.test(id) ? id : undefined
}

function parseQuery(query: string, text: string): BwsField {
  const [, name] = /^field=(.*)$/s.exec(query) ?? []
  if (name === undefined) throw malformed(text, 'has something other than field= after the ?')
  const field = FIELDS.find((known) => known === name)
  if (field === undefined) throw malformed(text, 'names a field that no secret has')
  return field
}

function malformed(text: string, problem: string): LocketError {
  const shown = JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text)
  return new LocketError('ref_syntax', `${shown} ${problem}`, { hint: SHAPE })
}
