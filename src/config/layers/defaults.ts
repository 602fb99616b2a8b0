import type { Field } from '../../settings/field.ts'
import type { Env } from './env.ts'
import type { Given, Layer } from './layers.ts'

/** The user who runs the program: the defaults of paths depend on it. */
export interface User {
  readonly env: Env
  readonly isRoot: boolean
}

/** Returns the default of each field. Another user than root gets the defaults in the home directory. */
export function defaultLayer(fields: readonly Field[], user: User): Layer {
  const layer = new Map<string, Given>()
  for (const field of fields) {
    const value = (user.isRoot ? undefined : userDefault(field, user.env)) ?? field.default
    if (value !== undefined) layer.set(field.name, { value, origin: `default of ${field.name}` })
  }
  return layer
}

/**
 * Returns the default path in the user's folder for settings, by the XDG Base Directory Specification.
 * Returns undefined when the field has none or the environment names no such folder.
 */
function userDefault(field: Field, env: Env): string | undefined {
  if (field.userDefault === undefined) return undefined
  const { XDG_CONFIG_HOME: configHome = '', HOME: home = '' } = env
  if (configHome.startsWith('/')) return `${configHome}/locket/${field.userDefault}`
  return home.startsWith('/') ? `${home}/.config/locket/${field.userDefault}` : undefined
}
