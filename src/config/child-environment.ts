import { credentialVariables } from './instances/credential-variables.ts'
import type { Env } from './layers/env.ts'

export interface Inheritance {
  /** Leave out all that is not in the list of the usual ones. */
  readonly isClean: boolean
  /** Names that stay whatever else is said. */
  readonly kept: readonly string[]
}

/** What programs need to find others, their files and their terminal; none of these holds a secret. */
const USUAL: ReadonlySet<string> = new Set([
  'HOME',
  'LANG',
  'LC_ALL',
  'LOGNAME',
  'PATH',
  'SHELL',
  'TERM',
  'TZ',
  'USER',
])

/** What a command of locket's user inherits: all but locket's own credentials. Its settings that are no credentials stay. */
export function inheritedEnvironment(env: Env, { isClean, kept }: Inheritance): Record<string, string> {
  const always = new Set(kept)
  const credentials = credentialVariables()
  const isInherited = (name: string) =>
    always.has(name) || (!credentials.has(name) && (!isClean || USUAL.has(name)))
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) =>
      value !== undefined && isInherited(name) ? [[name, value]] : [],
    ),
  )
}
