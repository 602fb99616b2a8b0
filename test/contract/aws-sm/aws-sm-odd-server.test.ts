import { secretArn } from '../../fixtures/servers/aws.ts'
import { oddAnswers, type OddSubject } from '../provider/odd-answers.ts'
import { AWS_CANARIES, KEY_ID, SECRET_KEY, subject } from './aws-sm-server.ts'

const VALUE = { ARN: secretArn('db'), Name: 'db', VersionId: 'v1', VersionStages: ['AWSCURRENT'] }
const odd: Omit<OddSubject, 'references' | 'steps'> = {
  subject,
  settings: (url) => ({
    serviceEndpoint: url,
    region: 'eu-central-1',
    accessKeyId: KEY_ID,
    secretAccessKey: SECRET_KEY,
  }),
  keys: [
    'ARN',
    'Name',
    'SecretString',
    'SecretBinary',
    'SecretValues',
    'Errors',
    'SecretId',
    'ErrorCode',
    '__type',
    'message',
  ],
  around: [
    (value) => ({ ...VALUE, SecretString: value }),
    (value) => ({ ...VALUE, SecretBinary: value }),
    (value) => ({ SecretValues: [value], Errors: [value] }),
    (value) => ({ SecretValues: value, Errors: [{ SecretId: 'db', ErrorCode: value }] }),
    (value) => ({ __type: value, Message: value }),
  ],
  canaries: AWS_CANARIES,
}

const good = JSON.stringify({ ...VALUE, SecretString: '{"a":"1"}' })
oddAnswers({
  ...odd,
  references: ['aws-sm://db?field=a', 'aws-sm://db?version=v1'],
  steps: [{ name: 'value', isAt: () => true, good }],
})
