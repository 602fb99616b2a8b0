import { field, section } from '../../settings/field.ts'
import type { SettingsOf } from '../../settings/field.ts'
import { Choice, CredentialText, HttpUrl, Text } from '../../settings/kinds.ts'
import { AnyText } from '../../settings/schema.ts'
import { caCertField, maxConcurrentField, maxRateField } from '../lib/http/traffic-settings.ts'

const NAMED = { prefix: 'bao-', env: 'BAO_', server: 'the OpenBao or Vault server' }
const CREDENTIALS = ['bao-token', 'bao-secret-id', 'bao-jwt']

/** The default of `bao-auth-mount`: the usual mount of AppRole. */
export const DEFAULT_MOUNT = 'approle'

/**
 * The schema of a mount or namespace. It becomes part of a header and of a path, so other characters are
 * refused.
 */
const Route = AnyText.transform((text) => text.replace(/^\/+|\/+$/g, ''))
  .refine((text) => /^[!-~]+$/.test(text), 'must be printable ASCII without spaces')
  .refine((text) => /^(?!.*(?:^|\/)\.{0,2}(?:\/|$))/.test(text), 'must be names joined by single slashes')

/** The settings of the provider `bao`. */
export const settings = section('bao', 'OpenBao and HashiCorp Vault', {
  url: field({
    name: 'bao-url',
    env: 'BAO_URL',
    schema: HttpUrl.optional(),
    summary: 'address of the OpenBao or Vault server; a path prefix is allowed',
    placeholder: 'URL',
    needsCredential: CREDENTIALS,
  }),
  namespace: field({
    name: 'bao-namespace',
    env: 'BAO_NAMESPACE',
    schema: Route.optional(),
    example: 'team/east',
    summary: 'namespace in which locket logs in and reads',
    placeholder: 'NAMESPACE',
  }),
  authMethod: field({
    name: 'bao-auth-method',
    env: 'BAO_AUTH_METHOD',
    schema: Choice(['approle', 'token', 'kubernetes', 'jwt']).optional(),
    example: 'approle',
    summary:
      'approle, token, kubernetes or jwt; left out: token or jwt if that credential is set, else approle',
    placeholder: 'METHOD',
    isAsked: true,
  }),
  token: field({
    name: 'bao-token',
    env: 'BAO_TOKEN',
    schema: CredentialText.optional(),
    summary: 'a token, for the method token',
    placeholder: 'TOKEN',
    credential: true,
  }),
  roleId: field({
    name: 'bao-role-id',
    env: 'BAO_ROLE_ID',
    schema: CredentialText.optional(),
    summary: 'role id of an AppRole',
    placeholder: 'ID',
    credential: true,
    isPublic: true,
  }),
  secretId: field({
    name: 'bao-secret-id',
    env: 'BAO_SECRET_ID',
    schema: CredentialText.optional(),
    summary: 'secret id of an AppRole',
    placeholder: 'ID',
    credential: true,
  }),
  authMount: field({
    name: 'bao-auth-mount',
    env: 'BAO_AUTH_MOUNT',
    schema: Route,
    default: DEFAULT_MOUNT,
    summary:
      'where the login method is mounted, without auth/; left out, kubernetes and jwt are at their own names',
    placeholder: 'MOUNT',
  }),
  authRole: field({
    name: 'bao-auth-role',
    env: 'BAO_AUTH_ROLE',
    schema: Text.optional(),
    example: 'locket',
    summary: 'role to log in as, for the methods kubernetes and jwt',
    placeholder: 'ROLE',
  }),
  jwt: field({
    name: 'bao-jwt',
    env: 'BAO_JWT',
    schema: CredentialText.optional(),
    summary: "a signed JWT, for the method jwt; for kubernetes, in place of the pod's own",
    placeholder: 'JWT',
    credential: true,
  }),
  kvVersion: field({
    name: 'bao-kv-version',
    onlyParses: true,
    env: 'BAO_KV_VERSION',
    schema: Choice(['auto', '1', '2']),
    default: 'auto',
    summary: 'version of the KV engine of all mounts: 1, 2, or auto to find it out for each',
    placeholder: 'VERSION',
  }),
  maxConcurrent: maxConcurrentField(NAMED),
  maxRate: maxRateField(NAMED, 'none', CREDENTIALS),
  caCert: caCertField(NAMED, CREDENTIALS),
})

/** The parsed values of `settings`. */
export type BaoSettings = SettingsOf<typeof settings>
