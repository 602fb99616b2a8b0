import { parsePlace, type AskedPlace } from '../../core/broker/place.ts'
import { LocketError } from '../../core/vocabulary/errors.ts'

const SCHEME = 'locket://'

/**
 * Parses `locket://project/name`, `…/field` or `…/*`. Undefined: the text is not a reference of this kind.
 * Throws `ref_syntax` for a malformed one.
 */
export function parseLocketReference(text: string): AskedPlace | undefined {
  if (!/^locket:\//i.test(text)) return undefined
  const place = /^locket:\/\//i.test(text) ? parsePlace(text.slice(SCHEME.length)) : undefined
  if (place !== undefined && !/\p{Cc}/u.test(place.field ?? '')) return place
  const shown = text.replace(/\p{Cc}/gu, '?').slice(0, 120)
  throw new LocketError('ref_syntax', `${shown} is malformed`, {
    hint: 'expected locket://project/name, locket://project/name/field or locket://project/name/*; names have letters, digits, ".", "_" and "-"',
  })
}
