import type { TestContext } from 'node:test'
import { awsSsm } from '../../../src/providers/aws-ssm/aws-ssm.ts'
import type { AwsServer, AwsStoredParameter } from '../../fixtures/servers/aws.ts'
import { AWS_CANARIES, AWS_LACKS, KEY_ID, keyFiles, SECRET_KEY, started } from '../aws-sm/aws-sm-server.ts'
import { asking, type Asking } from '../provider/asking.ts'
import { open, type Opened } from '../provider/provider-attempt.ts'
import type { Backend, ProviderSubject } from '../provider/provider-backend.ts'

const ARN = 'arn:aws:ssm:eu-central-1:123456789012:parameter/prod/db'

export const subject: ProviderSubject = {
  def: awsSsm,
  firstVersion: '1',
  start: startBackend,
  foreign: ['aws-ssm:prod', 'aws-sm://prod/db', ' aws-ssm:///prod', ARN],
  malformed: [
    'aws-ssm://',
    'aws-ssm:///',
    'aws-ssm:/prod/db',
    'aws-ssm://prod/db',
    'aws-ssm:////prod',
    'aws-ssm:///prod/',
    'aws-ssm:///prod//db',
    'aws-ssm:///prod/d b',
    'aws-ssm:///prod/db:3',
    'aws-ssm:///prod/db#x',
    'aws-ssm:///prod/db?version=0',
    'aws-ssm:///prod/db?version=latest',
    'aws-ssm:///prod/db?label=1st',
    'aws-ssm:///prod/db?version=1&label=a',
    'aws-ssm:///prod/*?version=1',
    'aws-ssm:///prod/*?field=a',
    'aws-ssm://prod/*',
    'aws-ssm:///prod/db?region=x',
    'aws-ssm:///prod/db?stage=AWSCURRENT',
    `aws-ssm://${ARN}?region=us-east-1`,
    `aws-ssm://${ARN}/*`,
    'aws-ssm://arn:aws:secretsmanager:eu-central-1:123456789012:secret:prod',
    `aws-ssm:///${'a'.repeat(1100)}`,
  ],
  spellings: [
    ['aws-ssm:///prod/db', 'AWS-SSM:///prod/db', 'aws-ssm:///pr%6fd%2Fdb'],
    ['aws-ssm:///Prod/db'],
    ['aws-ssm://db'],
    ['aws-ssm:///db'],
    ['aws-ssm:///prod/*'],
    ['aws-ssm:///*'],
    ['aws-ssm:///prod/db?version=3'],
    ['aws-ssm:///prod/db?label=live'],
    ['aws-ssm:///prod/db?field=password'],
    ['aws-ssm:///prod/db?field=*'],
    ['aws-ssm:///prod/db?region=us-east-1'],
    [`aws-ssm://${ARN}`, `aws-ssm://${ARN}?region=eu-central-1`],
  ],
  required: [],
  textOnly: 'a parameter is text',
  lacks: AWS_LACKS,
}

async function startBackend(t: TestContext): Promise<Backend> {
  const server = await started(t, '/behind/a-proxy')
  const { settings, knobs } = await keyFiles(t, server)
  return {
    settings,
    async put(name, value) {
      server.parameters.set(`/contract/${name}`, { value: Buffer.from(value).toString(), version: 1 })
      return `aws-ssm:///contract/${name}`
    },
    async putAll(values) {
      for (const [name, value] of Object.entries(values))
        server.parameters.set(`/contract/all/${name}`, { value, version: 1 })
      return 'aws-ssm:///contract/all/*'
    },
    missing: 'aws-ssm:///contract/nothing',
    canaries: AWS_CANARIES,
    knobs: {
      ...knobs,
      async forbid(reference) {
        server.knobs.forbidden.add(reference.slice('aws-ssm://'.length))
      },
    },
  }
}

/** A server with these parameters, and an open client on it. */
export async function withParameters(
  t: TestContext,
  values: Readonly<Record<string, string | AwsStoredParameter>>,
): Promise<Opened & Asking & { readonly server: AwsServer }> {
  const server = await started(t)
  for (const [name, value] of Object.entries(values))
    server.parameters.set(name, typeof value === 'string' ? { value, version: 1 } : value)
  const backend: Backend = {
    settings: {
      serviceEndpoint: server.url,
      region: 'eu-central-1',
      accessKeyId: KEY_ID,
      secretAccessKey: SECRET_KEY,
    },
    put: () => Promise.reject(new Error('the data is given')),
    missing: '',
    canaries: AWS_CANARIES,
    knobs: {},
  }
  const opened = await open(subject, backend)
  t.after(() => opened.client[Symbol.asyncDispose]())
  return { ...opened, ...asking(subject, opened), server }
}
