import { PROVIDERS } from '../../providers/index.ts'
import { fieldsOf, type Field, type Section } from '../../settings/field.ts'
import type { Env } from '../layers/env.ts'
import { PROVIDER_SECTIONS } from '../sections/rendering.ts'

/** The rules for the variables that a child inherits. */
interface Inheritance {
  /** True: leave out every variable that is not in `USUAL`. */
  readonly isClean: boolean
  /** Names of variables that are always inherited. */
  readonly kept: readonly string[]
}

/**
 * Variables that programs need to find other programs, their files and their terminal. None of them holds a
 * secret.
 */
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

/**
 * Returns the environment that a child of locket inherits: all variables except locket's own credentials.
 * Variables of other settings stay, and so do credentials that programs of the service read too.
 */
export function inheritedEnvironment(env: Env, { isClean, kept }: Inheritance): Record<string, string> {
  const always = new Set(kept)
  const credentials = variablesOf(PROVIDER_SECTIONS, ({ isShared }) => isShared !== true)
  const isInherited = (name: string) =>
    always.has(name) || (!credentials.has(name) && (!isClean || USUAL.has(name)))
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) =>
      value !== undefined && isInherited(name) ? [[name, value]] : [],
    ),
  )
}

/**
 * Returns the variables that hold a credential of locket itself, or the path of one. No reference can read
 * them, and no child inherits them.
 */
export function credentialVariables(): ReadonlySet<string> {
  return variablesOf(PROVIDER_SECTIONS, () => true)
}

/**
 * Returns the shared credentials of each kind of provider, without those that are always inherited. A child
 * does not inherit them when its values came from that kind.
 */
export function sharedCredentials(kept: readonly string[]): ReadonlyMap<string, readonly string[]> {
  return new Map(
    PROVIDERS.map(({ kind, settings }) => {
      const names = variablesOf([settings], ({ isShared }) => isShared === true)
      return [kind, [...names].filter((name) => !kept.includes(name))] as const
    }),
  )
}

function variablesOf(sections: readonly Section[], isWanted: (field: Field) => boolean): ReadonlySet<string> {
  return new Set(
    fieldsOf(sections)
      .filter((field) => field.credential === true && isWanted(field))
      .flatMap(({ env }) => (env === undefined ? [] : [env, `${env}_FILE`])),
  )
}
