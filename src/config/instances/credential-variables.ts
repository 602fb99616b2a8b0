import { PROVIDERS } from '../../providers/index.ts'
import { fieldsOf } from '../sections/commands.ts'

/** Variables that hold a credential of locket's own, or say which file does: no reference may read them, and no child inherits them. */
export function credentialVariables(): ReadonlySet<string> {
  const fields = fieldsOf(PROVIDERS.map((def) => def.settings))
  const names = fields.flatMap(({ credential, env }) =>
    credential === true && env !== undefined ? [env, `${env}_FILE`] : [],
  )
  return new Set(names)
}
