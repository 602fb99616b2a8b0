import type { Credential } from '../../settings/kinds.ts'
import type { NamedCredential } from '../lib/network-provider.ts'
import { DEFAULT_MOUNT } from './settings.ts'
import type { BaoSettings } from './settings.ts'

type Method = NonNullable<BaoSettings['authMethod']>

/**
 * The login to perform: the credentials to read, and for a method other than `token` the mount and body to
 * post.
 */
export type LoginPlan =
  | { readonly method: 'token'; readonly credentials: readonly NamedCredential[] }
  | {
      readonly method: Exclude<Method, 'token'>
      readonly credentials: readonly NamedCredential[]
      readonly mount: string
      /** Returns the body of the login. `texts` are the credentials in their order. */
      body(texts: readonly string[]): object
    }

/**
 * The path where Kubernetes puts the token of a pod's service account
 * (https://kubernetes.io/docs/concepts/security/service-accounts/).
 */
export const POD_TOKEN = '/var/run/secrets/kubernetes.io/serviceaccount/token'

/** Returns one line for each setting that is missing or ambiguous. */
export function methodProblems(settings: BaoSettings): string[] {
  const missing = settings.url === undefined ? ['bao-url (BAO_URL) is not set'] : []
  const method = settings.authMethod ?? chosenBy(settings)
  return [...missing, ...(typeof method === 'string' ? lacking(settings, method) : [method.problem])]
}

/**
 * Returns the login that the settings describe; undefined if `methodProblems` reports a problem of the
 * credentials.
 */
export function planLogin(settings: BaoSettings): LoginPlan | undefined {
  const method = settings.authMethod ?? chosenBy(settings)
  if (typeof method !== 'string' || lacking(settings, method).length > 0) return undefined
  const { token, roleId, secretId, jwt, authRole } = settings
  if (method === 'token') return { method, credentials: named({ 'bao-token': token }) }
  const mount = mountOf(settings, method)
  if (method === 'approle') {
    return {
      method,
      mount,
      credentials: named({ 'bao-role-id': roleId, 'bao-secret-id': secretId }),
      body: ([role, secret]) => ({ role_id: role, secret_id: secret }),
    }
  }
  return {
    method,
    mount,
    credentials: named({ 'bao-jwt': jwt ?? { kind: 'file', path: POD_TOKEN } }),
    body: ([text]) => ({ jwt: text, ...(authRole === undefined ? {} : { role: authRole }) }),
  }
}

function chosenBy({ token, secretId, jwt }: BaoSettings): Method | { readonly problem: string } {
  const set = [
    ...(token === undefined ? [] : (['token'] as const)),
    ...(jwt === undefined ? [] : (['jwt'] as const)),
    ...(secretId === undefined ? [] : (['approle'] as const)),
  ]
  const [only = 'approle', ...others] = set
  if (others.length === 0) return only
  const credentials = { token: 'bao-token', jwt: 'bao-jwt', approle: 'bao-secret-id' }
  const names = set.map((method) => credentials[method]).join(' and ')
  return { problem: `${names} are set: choose one with bao-auth-method (BAO_AUTH_METHOD)` }
}

function lacking(settings: BaoSettings, method: Method): string[] {
  const { token, roleId, secretId, jwt, authRole } = settings
  const lines: string[] = []
  if (method === 'token' && token === undefined) lines.push('bao-token (BAO_TOKEN) is not set')
  if (method === 'approle' && roleId === undefined) lines.push('bao-role-id (BAO_ROLE_ID) is not set')
  if (method === 'approle' && secretId === undefined) lines.push('bao-secret-id (BAO_SECRET_ID) is not set')
  if (method === 'jwt' && jwt === undefined) lines.push('bao-jwt (BAO_JWT) is not set')
  if (method !== 'kubernetes') return lines
  if (authRole === undefined) lines.push('bao-auth-role (BAO_AUTH_ROLE) is not set')
  // A volume that names a server must also name a credential for it. The pod's own token must not go to that
  // server.
  if (jwt === undefined && (token !== undefined || secretId !== undefined)) {
    lines.push(
      'bao-jwt (BAO_JWT) is not set, but another credential is: the method kubernetes reads the token of the pod only if no other credential is set',
    )
  }
  return lines
}

/**
 * The mount of a login method. The setting's default is the mount of AppRole, so for another method it counts
 * as not set, and the method's own name is used.
 */
function mountOf({ authMount }: BaoSettings, method: Exclude<Method, 'token'>): string {
  return authMount === DEFAULT_MOUNT ? method : authMount
}

function named(credentials: Readonly<Record<string, Credential | undefined>>): NamedCredential[] {
  return Object.entries(credentials).flatMap(([setting, from]) =>
    from === undefined ? [] : [{ setting, from }],
  )
}
