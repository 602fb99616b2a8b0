import { LocketError } from '../../core/vocabulary/errors.ts'
import { field } from '../../settings/field.ts'
import { AbsolutePath, Choice, Text } from '../../settings/kinds.ts'
import { AnyText } from '../../settings/schema.ts'

const LOOPBACK = /^(?:localhost|127\.0\.0\.1|\[::1\])$/

/** The issuer as its tokens name it: a slash at its end belongs to it. */
const Issuer = AnyText.transform((text) => {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && LOOPBACK.test(url.hostname))
  if (url === undefined || !isSafe)
    throw new LocketError('config', 'must be a URL that starts with https://, or http:// for this host')
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '')
    throw new LocketError('config', 'must have no user name, password, query or fragment')
  return text
})

const Scope = AnyText.transform((text) => {
  const words = text.split(' ').filter((word) => word !== '')
  if (words.includes('openid')) return words.join(' ')
  throw new LocketError('config', 'must be words that have openid among them')
})

const ClaimValue = AnyText.transform((text) => {
  const [, claim, value] = /^([^=\s]{1,200})=(.{1,200})$/.exec(text) ?? []
  if (claim !== undefined && value !== undefined) return { claim, value }
  throw new LocketError('config', 'must be CLAIM=VALUE, such as groups=locket')
})

/** The settings of the login by OpenID Connect. */
export const oidcFields = {
  oidcIssuer: field({
    name: 'oidc-issuer',
    env: 'LOCKET_OIDC_ISSUER',
    schema: Issuer.optional(),
    example: 'https://login.example',
    summary: 'the issuer of a login service that speaks OpenID Connect, for people of the dashboard',
    placeholder: 'URL',
  }),
  oidcClientId: field({
    name: 'oidc-client-id',
    env: 'LOCKET_OIDC_CLIENT_ID',
    schema: Text.optional(),
    example: 'locket',
    summary: 'the id of the dashboard at the login service',
    placeholder: 'ID',
  }),
  oidcSecretFile: field({
    name: 'oidc-secret-file',
    env: 'LOCKET_OIDC_SECRET_FILE',
    schema: AbsolutePath.optional(),
    example: '/etc/locket/oidc-secret',
    summary: 'a file with the secret of that id; left out: a public client, which has none',
    placeholder: 'FILE',
  }),
  oidcCaCert: field({
    name: 'oidc-ca-cert',
    env: 'LOCKET_OIDC_CA_CERT',
    schema: AbsolutePath.optional(),
    example: '/etc/locket/login-ca.pem',
    summary: 'a PEM file of the authorities that vouch for the login service; left out: the usual ones',
    placeholder: 'FILE',
  }),
  oidcScope: field({
    name: 'oidc-scope',
    env: 'LOCKET_OIDC_SCOPE',
    schema: Scope,
    default: 'openid email',
    summary: 'the scopes that the login service is asked for, joined by spaces',
    placeholder: 'WORDS',
  }),
  oidcName: field({
    name: 'oidc-name',
    env: 'LOCKET_OIDC_NAME',
    schema: Choice(['email', 'sub']),
    default: 'email',
    summary: 'the claim that is the name of a person here: email, which must be verified, or sub',
    placeholder: 'CLAIM',
  }),
  oidcNewPeople: field({
    name: 'oidc-new-people',
    env: 'LOCKET_OIDC_NEW_PEOPLE',
    schema: ClaimValue.optional(),
    example: 'groups=locket',
    summary:
      'who has this value in this claim becomes a person without rights at the first login; left out: people must exist',
    placeholder: 'CLAIM=VALUE',
  }),
} as const
