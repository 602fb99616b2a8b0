import { section, type SettingsOf } from '../../settings/field.ts'
import { awsSettings } from '../lib/aws/settings.ts'

/** The settings of the provider `aws-ssm`. */
export const awsSsmSettings = section(
  'aws-ssm',
  'AWS Systems Manager Parameter Store',
  awsSettings({
    prefix: 'aws-ssm-',
    env: 'AWS_SSM_',
    title: 'the AWS Parameter Store',
    endpointEnv: 'AWS_ENDPOINT_URL_SSM',
    // The quota of an account without the higher throughput, which costs extra.
    maxRate: '40/s',
  }),
)

/** The parsed settings of the provider `aws-ssm`. */
export type AwsSsmSettings = SettingsOf<typeof awsSsmSettings>
