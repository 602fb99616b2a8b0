import { section, type SettingsOf } from '../../settings/field.ts'
import { awsSettings } from '../lib/aws/settings.ts'

/** The settings of the provider `aws-sm`. */
export const awsSmSettings = section(
  'aws-sm',
  'AWS Secrets Manager',
  awsSettings({
    prefix: 'aws-sm-',
    env: 'AWS_SM_',
    title: 'AWS Secrets Manager',
    endpointEnv: 'AWS_ENDPOINT_URL_SECRETS_MANAGER',
    // BatchGetSecretValue has the lowest limit of the operations that are used.
    maxRate: '100/s',
  }),
)

/** The parsed settings of the provider `aws-sm`. */
export type AwsSmSettings = SettingsOf<typeof awsSmSettings>
