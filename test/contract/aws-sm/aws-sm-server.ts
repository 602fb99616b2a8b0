import { randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { awsSm } from '../../../src/providers/aws-sm/aws-sm.ts'
import { startAwsServer, type AwsServer } from '../../fixtures/servers/aws.ts'
import { asking, type Asking } from '../provider/asking.ts'
import { credentialFile } from '../provider/credential-file.ts'
import { open, type Opened } from '../provider/provider-attempt.ts'
import {
  serviceKnobs,
  type Backend,
  type ProviderSubject,
  type SettingTexts,
} from '../provider/provider-backend.ts'

export const KEY_ID = 'AKIDCANARYEXAMPLE'
export const SECRET_KEY = 'aws-canary-secret+one/KEY'
export const OTHER_KEY = 'aws-canary-secret+two/KEY'
export const AWS_CANARIES = [SECRET_KEY, OTHER_KEY]
const VERSION = '01234567-89ab-cdef-0123-456789abcdef'
const ARN = 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:prod/db-AbCd3f'

/** The reasons why knobs do not apply to kinds of AWS. */
export const AWS_LACKS = { expire: 'each request is signed by the access key itself, there is no login' }

export const subject: ProviderSubject = {
  def: awsSm,
  firstVersion: VERSION,
  start: async (t) => (await startBackend(t)).backend,
  foreign: ['aws-sm:prod/db', 'aws-smx://prod/db', ' aws-sm://prod/db', 'aws-ssm:///prod/db', ARN],
  malformed: [
    'aws-sm://',
    'aws-sm:/prod/db',
    'aws-sm://?field=a',
    'aws-sm://prod/db#password',
    'aws-sm://prod db',
    'aws-sm://prod:db',
    'aws-sm://prod/d%zz',
    'aws-sm://prod/db%0a',
    'aws-sm://prod/db?',
    'aws-sm://prod/db?field',
    'aws-sm://prod/db?field=',
    'aws-sm://prod/db?field=a&field=b',
    'aws-sm://prod/db?feild=a',
    'aws-sm://prod/db?field=a=b',
    'aws-sm://prod/db?stage=a b',
    'aws-sm://prod/db?version=a/b',
    'aws-sm://prod/db?region=evil.example.com/',
    'aws-sm://prod/db?region=Frankfurt',
    'aws-sm://arn:aws:ssm:eu-central-1:123456789012:parameter/prod',
    'aws-sm://arn:aws:secretsmanager:eu-central-1:1:secret:prod',
    `aws-sm://${ARN}:password::`,
    `aws-sm://${ARN}?region=us-east-1`,
    'aws-sm://prod/*',
  ],
  spellings: [
    ['aws-sm://prod/db', 'AWS-SM://prod/db', 'aws-sm://pr%6Fd%2Fdb', 'aws-sm://prod/db?stage=AWSCURRENT'],
    ['aws-sm://Prod/db'],
    ['aws-sm:///prod/db'],
    ['aws-sm://prod/db?stage=AWSPREVIOUS'],
    [`aws-sm://prod/db?version=${VERSION}`],
    [
      `aws-sm://prod/db?version=${VERSION}&stage=AWSCURRENT`,
      `aws-sm://prod/db?stage=AWSCURRENT&version=${VERSION}`,
    ],
    ['aws-sm://prod/db?field=password', 'aws-sm://prod/db?field=p%61ssword'],
    ['aws-sm://prod/db?field=*'],
    ['aws-sm://prod/db?field=%2A'],
    ['aws-sm://prod/db?field=%26%3D'],
    ['aws-sm://prod/db?region=us-east-1'],
    [`aws-sm://${ARN}`, `aws-sm://${ARN}?region=eu-central-1`],
    [`aws-sm://${ARN}?field=password`],
  ],
  required: [],
  lacks: AWS_LACKS,
}

/** The settings of an access key in two files, and the knobs that all kinds of AWS share. */
export async function keyFiles(t: TestContext, server: AwsServer) {
  const file = await credentialFile(t, 'key', SECRET_KEY)
  const id = join(file.folder, 'id')
  await writeFile(id, `${KEY_ID}\n`)
  const settings: SettingTexts = {
    serviceEndpoint: `${server.url}/`,
    region: 'eu-central-1',
    accessKeyId: `file:${id}`,
    secretAccessKey: `file:${file.path}`,
  }
  server.knobs.errorText = `${AWS_CANARIES.join(' ')} canary-9f2c-value`
  const knobs = {
    async badCredential() {
      return { ...settings, secretAccessKey: 'aws-canary-secret-unknown' }
    },
    async lateCredential() {
      const late = file.late(SECRET_KEY)
      return { settings: { ...settings, secretAccessKey: `file:${late.path}` }, ...late }
    },
    async rotateCredential() {
      server.knobs.keys.set(KEY_ID, OTHER_KEY)
      await file.swap(OTHER_KEY)
    },
    ...serviceKnobs(server),
    limit: (count: number) => ({ ...settings, maxConcurrent: String(count) }),
  }
  return { settings, knobs }
}

async function startBackend(t: TestContext): Promise<{ server: AwsServer; backend: Backend }> {
  const server = await started(t, '/behind/a-proxy')
  const { settings, knobs } = await keyFiles(t, server)
  const backend: Backend = {
    settings,
    async put(name, value) {
      server.secrets.set(`contract/${name}`, {
        versions: [{ id: VERSION, stages: ['AWSCURRENT'], ...contentOf(value) }],
      })
      return `aws-sm://contract/${name}`
    },
    async putAll(values) {
      const text = JSON.stringify(values)
      server.secrets.set('contract/all', { versions: [{ id: VERSION, stages: ['AWSCURRENT'], text }] })
      return 'aws-sm://contract/all?field=*'
    },
    missing: 'aws-sm://contract/nothing',
    canaries: AWS_CANARIES,
    knobs: {
      ...knobs,
      async forbid(reference) {
        server.knobs.forbidden.add(reference.slice('aws-sm://'.length))
      },
    },
  }
  return { server, backend }
}

function contentOf(value: Uint8Array): { text: string } | { binary: Buffer } {
  const text = Buffer.from(value).toString()
  return Buffer.from(text).equals(value) ? { text } : { binary: Buffer.from(value) }
}

export async function started(t: TestContext, prefix = ''): Promise<AwsServer> {
  const server = await startAwsServer(new Map([[KEY_ID, SECRET_KEY]]), { prefix })
  t.after(() => server[Symbol.asyncDispose]())
  return server
}

/** A server with these secrets, each with one current version, and an open client on it. */
export async function withSecrets(
  t: TestContext,
  values: Readonly<Record<string, string>>,
  settings: SettingTexts = {},
): Promise<Opened & Asking & { readonly server: AwsServer }> {
  const server = await started(t)
  for (const [name, text] of Object.entries(values))
    server.secrets.set(name, { versions: [{ id: randomUUID(), stages: ['AWSCURRENT'], text }] })
  const backend: Backend = {
    settings: {
      serviceEndpoint: server.url,
      region: 'eu-central-1',
      accessKeyId: KEY_ID,
      secretAccessKey: SECRET_KEY,
      ...settings,
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
