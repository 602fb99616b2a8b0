import { field } from '../../../settings/field.ts'
import type { SettingsOf } from '../../../settings/field.ts'
import { AbsolutePath, CredentialText, HttpUrl, Text } from '../../../settings/kinds.ts'
import { matching } from '../../../settings/schema.ts'
import { caCertField, maxConcurrentField, maxRateField } from '../http/traffic-settings.ts'

/** Driver options that name a server must bring this credential of their own. */
const CREDENTIALS = ['aws-secret-access-key']
const NAMED = { prefix: 'aws-', env: 'AWS_', server: 'AWS' }

/** The schema of a region. It becomes part of a host name. Its message quotes nothing. */
const Region = matching(/^[a-z]{2,4}(-[a-z]+){1,3}-[0-9]{1,2}$/, 'must be a region, like eu-central-1')

/** Whether the text can be a region. */
export function isRegion(text: string): boolean {
  return Region.safeParse(text).success
}

/** The settings that all kinds of AWS have in common. Each is one setting, whatever kinds use it. */
const awsFields = {
  region: field({
    name: 'aws-region',
    env: 'AWS_REGION',
    schema: Region.optional(),
    example: 'eu-central-1',
    summary: 'region of references that name none; left out: that of the profile or of the instance',
    placeholder: 'REGION',
    isAsked: true,
  }),
  accessKeyId: field({
    name: 'aws-access-key-id',
    env: 'AWS_ACCESS_KEY_ID',
    schema: CredentialText.optional(),
    summary: 'id of an access key; left out: the role of the machine, or a profile',
    placeholder: 'ID',
    credential: true,
    isShared: true,
    isPublic: true,
    isAsked: true,
  }),
  secretAccessKey: field({
    name: 'aws-secret-access-key',
    env: 'AWS_SECRET_ACCESS_KEY',
    schema: CredentialText.optional(),
    summary: 'the secret part of the access key',
    placeholder: 'KEY',
    credential: true,
    isShared: true,
  }),
  sessionToken: field({
    name: 'aws-session-token',
    env: 'AWS_SESSION_TOKEN',
    schema: CredentialText.optional(),
    summary: 'session token of a temporary access key',
    placeholder: 'TOKEN',
    credential: true,
    isShared: true,
  }),
  profile: field({
    name: 'aws-profile',
    env: 'AWS_PROFILE',
    schema: Text.optional(),
    example: 'default',
    summary: 'profile of the shared files to use',
    placeholder: 'NAME',
    driverOption: false,
  }),
  configFile: field({
    name: 'aws-config-file',
    env: 'AWS_CONFIG_FILE',
    schema: AbsolutePath.optional(),
    example: '/etc/locket/aws/config',
    summary: 'file of the profiles; left out: ~/.aws/config',
    placeholder: 'FILE',
    file: true,
    driverOption: false,
  }),
  credentialsFile: field({
    name: 'aws-shared-credentials-file',
    env: 'AWS_SHARED_CREDENTIALS_FILE',
    schema: AbsolutePath.optional(),
    example: '/etc/locket/aws/credentials',
    summary: 'file of the keys of profiles; left out: ~/.aws/credentials',
    placeholder: 'FILE',
    file: true,
    driverOption: false,
  }),
  roleArn: field({
    name: 'aws-role-arn',
    env: 'AWS_ROLE_ARN',
    schema: matching(/^arn:[!-~]+$/, 'must be the ARN of a role').optional(),
    example: 'arn:aws:iam::123456789012:role/locket',
    summary: 'role that a web identity takes on',
    placeholder: 'ARN',
    driverOption: false,
  }),
  webIdentityTokenFile: field({
    name: 'aws-web-identity-token-file',
    env: 'AWS_WEB_IDENTITY_TOKEN_FILE',
    schema: AbsolutePath.optional(),
    example: '/var/run/secrets/eks.amazonaws.com/serviceaccount/token',
    summary: 'file of a web identity token, which is exchanged for keys of aws-role-arn',
    placeholder: 'FILE',
    file: true,
    driverOption: false,
  }),
  roleSessionName: field({
    name: 'aws-role-session-name',
    env: 'AWS_ROLE_SESSION_NAME',
    schema: matching(/^[\w+=,.@-]{2,64}$/, 'must be 2 to 64 letters, digits or +=,.@-_'),
    default: 'locket',
    summary: 'name of the session of a role, as CloudTrail shows it',
    placeholder: 'NAME',
    driverOption: false,
  }),
  endpoint: field({
    name: 'aws-endpoint-url',
    env: 'AWS_ENDPOINT_URL',
    schema: HttpUrl.optional(),
    summary: 'address of every service, in place of those of AWS',
    placeholder: 'URL',
    needsCredential: CREDENTIALS,
  }),
  stsEndpoint: field({
    name: 'aws-sts-endpoint-url',
    env: 'AWS_ENDPOINT_URL_STS',
    schema: HttpUrl.optional(),
    summary: 'address of the Security Token Service, which gives the keys of roles',
    placeholder: 'URL',
    driverOption: false,
    needsCredential: CREDENTIALS,
  }),
  caCert: { ...caCertField(NAMED, CREDENTIALS), env: 'AWS_CA_BUNDLE' },
}

/** Returns the settings of one kind of AWS: those of its requests, and those that all kinds share. */
export function awsSettings({
  prefix,
  env,
  title,
  endpointEnv,
  maxRate,
}: {
  /** `aws-sm-`. */
  readonly prefix: string
  /** `AWS_SM_`. */
  readonly env: string
  readonly title: string
  readonly endpointEnv: string
  /** The limit that the service publishes: `40/s`. */
  readonly maxRate: string
}) {
  const named = { prefix, env, server: title }
  return {
    serviceEndpoint: field({
      name: `${prefix}endpoint-url`,
      env: endpointEnv,
      schema: HttpUrl.optional(),
      summary: `address of ${title}, in place of the one of the region`,
      placeholder: 'URL',
      needsCredential: CREDENTIALS,
    }),
    maxConcurrent: maxConcurrentField(named),
    maxRate: maxRateField(named, maxRate, CREDENTIALS),
    ...awsFields,
  }
}

type Fields = ReturnType<typeof awsSettings>

/** The parsed settings of a kind of AWS. */
export type AwsSettings = SettingsOf<{
  readonly name: string
  readonly title: string
  readonly fields: Fields
}>

/** Returns one line for each setting that is missing or contradicts another. */
export function awsProblems({
  accessKeyId,
  secretAccessKey,
  sessionToken,
  webIdentityTokenFile,
  roleArn,
}: AwsSettings): readonly string[] {
  const lines: string[] = []
  if (accessKeyId !== undefined && secretAccessKey === undefined)
    lines.push('aws-secret-access-key (AWS_SECRET_ACCESS_KEY) is not set, and aws-access-key-id is')
  if (accessKeyId === undefined && (secretAccessKey !== undefined || sessionToken !== undefined))
    lines.push('aws-access-key-id (AWS_ACCESS_KEY_ID) is not set, and another part of the key is')
  if (webIdentityTokenFile !== undefined && roleArn === undefined)
    lines.push('aws-role-arn (AWS_ROLE_ARN) is not set, and aws-web-identity-token-file is')
  return lines
}

/** Files of the operator that are read although no setting names them: those of root, who runs the daemon. */
export const AWS_FILES = ['/root/.aws/credentials', '/root/.aws/config']
