import { LocketError } from '../../core/vocabulary/errors.ts'
import { createRef, type SecretRef } from '../../core/vocabulary/ref.ts'
import { parseSecretName, SECRET_NAME_SHAPE, type SecretName } from '../../core/vocabulary/secret-name.ts'

/**
 * The beginning of a text that is parsed as a reference. `local:/x` and `LOCAL://x` are malformed references
 * rather than other text.
 */
const OURS = /^local:\//i

/** The end of the key of a ref to all secrets of a folder. No name of a secret has it. */
const ALL = '*'

/**
 * Parses `local://path/to/name`; the key of the ref is the decoded name. `local://path/to/*` is the folder.
 * Returns undefined for other text. Throws `ref_syntax`.
 */
export function parseLocalRef(text: string, instance: string): SecretRef | undefined {
  if (!OURS.test(text)) return undefined
  if (!text.startsWith('local://')) {
    throw new LocketError('ref_syntax', `${JSON.stringify(text.slice(0, 100))} is malformed`, {
      hint: `expected ${SECRET_NAME_SHAPE}`,
    })
  }
  if (text === `local://${ALL}`) return createRef(instance, ALL, text, { isAll: true })
  if (!text.endsWith(`/${ALL}`)) return createRef(instance, parseSecretName(text), text)
  const folder = parseSecretName(text.slice(0, -`/${ALL}`.length))
  return createRef(instance, `${folder}/${ALL}`, text, { isAll: true })
}

/** Returns the names of the secrets right in the folder of a key that ends in `*`, without the folder. */
export function namesInFolder(key: string, names: Iterable<SecretName>): readonly string[] {
  const folder = key.slice(0, -ALL.length)
  return [...names].flatMap((name) => {
    const rest = name.slice(folder.length)
    return name.startsWith(folder) && !rest.includes('/') ? [rest] : []
  })
}
