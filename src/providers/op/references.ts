import { LocketError } from '../../core/vocabulary/errors.ts'
import { formatOpReference, malformedOpReference, parseOpReference } from '../lib/reference/op-reference.ts'
import type { OpReference } from '../lib/reference/op-reference.ts'

/**
 * The characters that the SDK accepts in a name. It does not accept percent-encoding, so other characters
 * cannot be written.
 */
const NAME = /^[A-Za-z0-9 _.-]+$/

/**
 * Returns the canonical text of a reference, which the SDK gets. Undefined: the text is not an `op`
 * reference. Throws `ref_syntax` for a malformed reference, and for one that only Connect supports.
 */
export function parseReference(text: string): string | undefined {
  const reference = parseOpReference(text)
  if (reference === undefined) return undefined
  const { vault, item, section, field, isAll, attribute } = reference
  if (isAll === true)
    throw malformedOpReference(
      text,
      "asks for all fields, which locket cannot read with 1Password's SDK",
      'name each field, or read all of them with `op-connect`',
    )
  for (const [what, part] of Object.entries({ vault, item, section, field }))
    if (part !== undefined && !NAME.test(part)) throw unwritable(text, what, part)
  if (attribute !== undefined && attribute !== 'otp') {
    const says = `asks for attribute=${attribute}, which 1Password's SDK cannot give`
    throw malformedOpReference(text, says, 'it gives the value, ?attribute=otp or ?ssh-format=openssh')
  }
  return formatOpReference(reference)
}

/** Returns the reference of a key that `parseReference` has made. Throws `internal` for another text. */
export function readReference(key: string): OpReference {
  const reference = parseOpReference(key)
  if (reference === undefined) throw new LocketError('internal', 'a reference of another provider')
  return reference
}

function unwritable(text: string, what: string, part: string): LocketError {
  const [sign = ''] = /[^A-Za-z0-9 _.-]/u.exec(part) ?? []
  return malformedOpReference(
    text,
    `has "${sign}" in its ${what}, where 1Password's SDK takes letters, digits, spaces, - _ and . only`,
    what === 'field' ? 'write its id, or rename it' : `write the ${what}'s id in place of its name`,
  )
}
