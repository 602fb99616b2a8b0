import type { Env } from '../layers/env.ts'

/** Variables of Vault's and OpenBao's own programs, and the settings of locket that mean the same. */
const ADDRESSES = ['BAO_ADDR', 'VAULT_ADDR']
const NAMESPACES = ['VAULT_NAMESPACE']
const TOKENS = ['VAULT_TOKEN', 'VAULT_TOKEN_FILE']
/** Settings that decide the login. If one of them is set, VAULT_TOKEN is not read. */
const LOGINS = ['BAO_TOKEN', 'BAO_SECRET_ID', 'BAO_ROLE_ID', 'BAO_JWT', 'BAO_AUTH_METHOD']

/**
 * Returns the variables with BAO_URL, BAO_NAMESPACE and BAO_TOKEN taken from VAULT_ADDR, VAULT_NAMESPACE and
 * VAULT_TOKEN (or VAULT_TOKEN_FILE) where BAO_URL is not set. Mapping files are used in images that were made
 * for other programs.
 */
export function withVaultVariables(env: Env): Env {
  if (isSet(env, 'BAO_URL')) return env
  const url = first(env, ADDRESSES)
  if (url === undefined) return env
  const hasLogin = LOGINS.some((name) => isSet(env, name) || isSet(env, `${name}_FILE`))
  const token = hasLogin ? undefined : first(env, ['VAULT_TOKEN'])
  const tokenFile = hasLogin ? undefined : first(env, ['VAULT_TOKEN_FILE'])
  const namespace = isSet(env, 'BAO_NAMESPACE') ? undefined : first(env, NAMESPACES)
  return {
    ...env,
    BAO_URL: url,
    ...(token === undefined ? {} : { BAO_TOKEN: token }),
    ...(tokenFile === undefined ? {} : { BAO_TOKEN_FILE: tokenFile }),
    ...(namespace === undefined ? {} : { BAO_NAMESPACE: namespace }),
  }
}

/** Returns the variables without VAULT_TOKEN if `used`, made by `withVaultVariables`, has its value. */
export function withoutUsedToken(env: Env, used: Env): Env {
  const isUsed = ['BAO_TOKEN', 'BAO_TOKEN_FILE'].some((name) => env[name] !== used[name])
  if (!isUsed) return env
  return Object.fromEntries(Object.entries(env).filter(([name]) => !TOKENS.includes(name)))
}

function first(env: Env, names: readonly string[]): string | undefined {
  return names.map((name) => env[name]).find((value) => value !== undefined && value !== '')
}

function isSet(env: Env, name: string): boolean {
  return first(env, [name]) !== undefined
}
