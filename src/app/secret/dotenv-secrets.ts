import type { DotenvEntry } from '../../core/text/dotenv.ts'
import { LocketError } from '../../core/vocabulary/errors.ts'
import { parseSecretName, type SecretName } from '../../core/vocabulary/secret-name.ts'
import { Secret } from '../../core/vocabulary/secret.ts'

/**
 * Returns the secrets to store: each variable under `prefix` and its own name. A later line replaces an
 * earlier one, as in a shell. Throws `usage` when there is no variable. The caller must wipe the values.
 */
export function secretsOf(variables: readonly DotenvEntry[], prefix: string): Map<SecretName, Secret> {
  if (variables.length === 0) throw new LocketError('usage', 'there is no variable to import')
  const values = new Map<SecretName, Secret>()
  for (const { name, value } of variables)
    values.set(parseSecretName(`${prefix}${name}`), Secret.fromText(value))
  return values
}
