import { parameterArn } from '../../fixtures/servers/aws.ts'
import { AWS_CANARIES, KEY_ID, SECRET_KEY } from '../aws-sm/aws-sm-server.ts'
import { oddAnswers } from '../provider/odd-answers.ts'
import { subject } from './aws-ssm-server.ts'

const ROW = { Name: '/prod/db', Type: 'SecureString', Version: 1, ARN: parameterArn('/prod/db') }

oddAnswers({
  subject,
  settings: (url) => ({
    serviceEndpoint: url,
    region: 'eu-central-1',
    accessKeyId: KEY_ID,
    secretAccessKey: SECRET_KEY,
  }),
  references: ['aws-ssm:///prod/db', 'aws-ssm:///other/*'],
  steps: [
    {
      name: 'parameters',
      isAt: () => true,
      good: JSON.stringify({ Parameters: [{ ...ROW, Value: 'x' }], InvalidParameters: [] }),
    },
  ],
  keys: ['Parameters', 'InvalidParameters', 'Name', 'Value', 'Version', 'Selector', 'NextToken', '__type'],
  around: [
    (value) => ({ Parameters: [{ ...ROW, Value: value }], InvalidParameters: [] }),
    (value) => ({ Parameters: value, NextToken: value }),
    (value) => ({ Parameters: [], NextToken: value }),
    (value) => ({ __type: value, message: value }),
  ],
  canaries: AWS_CANARIES,
})
