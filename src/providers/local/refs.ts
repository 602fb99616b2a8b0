import { LocketError } from '../../core/vocabulary/errors.ts'
import { createRef, type SecretRef } from '../../core/vocabulary/ref.ts'
import { parseSecretName, SECRET_NAME_SHAPE } from '../../core/vocabulary/secret-name.ts'

/** `local:/x` and `LOCAL://x` are slips of ours rather than someone else's text. */
const OURS = /^local:\//i

/** `local://path/to/name`; the key is the decoded name. */
export function parseLocalRef(text: string, instance: string): SecretRef | undefined {
  if (!OURS.test(text)) return undefined
  if (!text.startsWith('local://')) {
    throw new LocketError('ref_syntax', `${JSON.stringify(text.slice(0, 100))} is malformed`, {
      hint: `expected ${SECRET_NAME_SHAPE}`,
    })
  }
  return createRef(instance, parseSecretName(text), text)
}
