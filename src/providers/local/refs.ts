import { LocketError } from '../../core/vocabulary/errors.ts'
import { createRef, type SecretRef } from '../../core/vocabulary/ref.ts'
import { parseSecretName, SECRET_NAME_SHAPE } from '../../core/vocabulary/secret-name.ts'

/**
 * The beginning of a text that is parsed as a reference. `local:/x` and `LOCAL://x` are malformed references
 * rather than other text.
 */
const OURS = /^local:\//i

/**
 * Parses `local://path/to/name`; the key of the ref is the decoded name. Returns undefined for other text.
 * Throws `ref_syntax`.
 */
export function parseLocalRef(text: string, instance: string): SecretRef | undefined {
  if (!OURS.test(text)) return undefined
  if (!text.startsWith('local://')) {
    throw new LocketError('ref_syntax', `${JSON.stringify(text.slice(0, 100))} is malformed`, {
      hint: `expected ${SECRET_NAME_SHAPE}`,
    })
  }
  return createRef(instance, parseSecretName(text), text)
}
