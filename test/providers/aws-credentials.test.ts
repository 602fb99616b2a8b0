import assert from 'node:assert/strict'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { startAwsServer, type AwsServer } from '../fixtures/servers/aws.ts'
import { startAwsPlatform, type AwsPlatform } from '../fixtures/servers/aws-platform.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { subject } from '../contract/aws-sm/aws-sm-server.ts'
import { asking, type Asking } from '../contract/provider/asking.ts'
import { open, type Opened } from '../contract/provider/provider-attempt.ts'

const STATIC = { keyId: 'AKIDSTATIC', secret: 'aws-canary-static-key' }
const CANARIES = ['aws-canary-']

/** A machine with a home, a platform and a service that knows the keys of both. */
interface World extends Opened, Asking {
  readonly home: string
  readonly platform: AwsPlatform
  readonly service: AwsServer
  /** Writes `~/.aws/NAME`. */
  readonly shared: (name: 'config' | 'credentials', text: string) => Promise<void>
}

async function world(
  t: TestContext,
  {
    env = {},
    settings = {},
    files = {},
  }: {
    readonly env?: Record<string, string> | ((platform: AwsPlatform, home: string) => Record<string, string>)
    readonly settings?: Record<string, string> | ((home: string) => Record<string, string>)
    readonly files?: Readonly<Partial<Record<'config' | 'credentials' | 'token', string>>>
  } = {},
): Promise<World> {
  const home = await temporaryFolder(t)
  const platform = await startAwsPlatform()
  t.after(() => platform[Symbol.asyncDispose]())
  const service = await startAwsServer(new Map([[STATIC.keyId, STATIC.secret]]))
  t.after(() => service[Symbol.asyncDispose]())
  platform.onKeys = (keyId, secret, token) => {
    service.knobs.keys.set(keyId, secret)
    service.knobs.sessionToken = token
  }
  service.secrets.set('db', { versions: [{ id: 'v1', stages: ['AWSCURRENT'], text: 'value' }] })
  await mkdir(join(home, '.aws'))
  const shared: World['shared'] = (name, text) => writeFile(join(home, '.aws', name), text)
  for (const [name, text] of Object.entries(files)) await shared(name as 'config', text)
  const own = typeof settings === 'function' ? settings(home) : settings
  const opened = await open(subject, {
    settings: { serviceEndpoint: service.url, stsEndpoint: platform.url, ...own },
    put: () => Promise.reject(new Error('the data is given')),
    missing: '',
    canaries: CANARIES,
    knobs: {},
    deps: {
      env: {
        HOME: home,
        PATH: process.env['PATH'],
        AWS_EC2_METADATA_SERVICE_ENDPOINT: platform.url,
        ...(typeof env === 'function' ? env(platform, home) : env),
      },
    },
  })
  t.after(() => opened.client[Symbol.asyncDispose]())
  return { ...opened, ...asking(subject, opened), home, platform, service, shared }
}

const NO_METADATA = { AWS_EC2_METADATA_DISABLED: 'true' }
const REGION = { region: 'eu-central-1' }
const REF = 'aws-sm://db'
const KEYS = `aws_access_key_id = ${STATIC.keyId}\naws_secret_access_key=${STATIC.secret}\n`

test('the role of the instance: a session of IMDSv2, its keys and its region, asked for once', async (t) => {
  const { read, platform, service } = await world(t)
  assert.deepEqual(await read(REF), ['value'])
  assert.deepEqual(await read(REF), ['value'])
  assert.deepEqual(platform.requests, [
    'PUT /latest/api/token',
    '/latest/meta-data/iam/security-credentials/',
    '/latest/meta-data/iam/security-credentials/a-role',
    '/latest/meta-data/placement/region',
  ])
  assert.equal(service.requests.length, 2)
})

test('keys of the instance that were replaced early are fetched again, once', async (t) => {
  const { read, platform, service } = await world(t)
  assert.deepEqual(await read(REF), ['value'])
  service.knobs.keys.clear()
  platform.replaceKeys()
  assert.deepEqual(await read(REF), ['value'])
  assert.equal(platform.requests.filter((request) => request.startsWith('PUT')).length, 2)
})

test('the role of the container, with its token from a file, as EKS and ECS give it', async (t) => {
  const { read, platform } = await world(t, {
    settings: REGION,
    files: { token: 'aws-canary-pod-token\n' },
    env: ({ url }, home) => ({
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `${url}/v1/credentials?x=1`,
      AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: join(home, '.aws/token'),
    }),
  })
  assert.deepEqual(await read(REF), ['value'])
  assert.deepEqual(platform.requests, ['/v1/credentials?x=1'])
  assert.equal(platform.containerToken, 'aws-canary-pod-token')
})

test('the token of a container is sent to no other host without TLS', async (t) => {
  const { messages } = await world(t, {
    settings: REGION,
    env: { AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://evil.example.com/keys' },
  })
  assert.match(
    (await messages(REF))[0] ?? '',
    /AWS_CONTAINER_CREDENTIALS_FULL_URI must be an https:\/\/ address/,
  )
})

test('a web identity token is exchanged, and read again for each exchange', async (t) => {
  const { read, platform } = await world(t, {
    files: { token: 'aws-canary-web-token' },
    settings: (home) => ({
      ...REGION,
      roleArn: 'arn:aws:iam::123456789012:role/app',
      webIdentityTokenFile: join(home, '.aws/token'),
    }),
  })
  assert.deepEqual(await read(REF), ['value'])
  assert.deepEqual(platform.exchanges, [
    'AssumeRoleWithWebIdentity arn:aws:iam::123456789012:role/app locket aws-canary-web-token',
  ])
})

test('profiles: keys of either file, the chosen profile, and its region', async (t) => {
  const { read, codes, shared } = await world(t, {
    settings: { profile: 'prod' },
    env: NO_METADATA,
    files: {
      config: `[default]\nregion = us-east-1\n[profile prod]\nregion=eu-central-1 # here\ns3 =\n  max = 3\n`,
      credentials: `[prod]\n${KEYS}`,
    },
  })
  assert.deepEqual(await read(REF), ['value'])
  await shared('credentials', `[prod]\n${KEYS.replace(STATIC.secret, 'aws-canary-wrong')}`)
  assert.deepEqual(await codes(REF), ['auth'])
})

test('a default profile without keys gives the region, and the machine gives the keys', async (t) => {
  const { read, platform } = await world(t, {
    files: { config: '[default]\nregion = us-east-1\noutput = json\n' },
  })
  assert.deepEqual(await read(REF), ['value'])
  assert.ok(platform.requests.length > 0)
})

test('a profile takes on a role with the keys of another, through a chain of roles', async (t) => {
  const { read, platform } = await world(t, {
    settings: { ...REGION, profile: 'app' },
    env: NO_METADATA,
    files: {
      config: `[profile app]\nrole_arn = arn:aws:iam::1:role/two\nsource_profile = middle\nexternal_id = x1\n[profile middle]\nrole_arn = arn:aws:iam::1:role/one\nsource_profile = base\nrole_session_name = me\n`,
      credentials: `[base]\n${KEYS}`,
    },
  })
  assert.deepEqual(await read(REF), ['value'])
  assert.deepEqual(platform.exchanges, [
    `AssumeRole arn:aws:iam::1:role/one me signed by ${STATIC.keyId}`,
    'AssumeRole arn:aws:iam::1:role/two locket x1 signed by AKIDROLE1',
  ])
})

test('a program of a profile writes the keys, and gets no secret of the environment', async (t) => {
  const { read, home } = await world(t, {
    settings: { ...REGION, profile: 'tool' },
    env: { ...NO_METADATA, OP_SERVICE_ACCOUNT_TOKEN: 'aws-canary-other' },
    files: { config: `[profile tool]\ncredential_process = "HOME/my tool" keys\n` },
  })
  const program = join(home, 'my tool')
  const keys = JSON.stringify({ Version: 1, AccessKeyId: STATIC.keyId, SecretAccessKey: STATIC.secret })
  await writeFile(
    program,
    `#!/bin/sh\n[ "$1" = keys ] && [ -z "$OP_SERVICE_ACCOUNT_TOKEN" ] && echo '${keys}'\n`,
  )
  await chmod(program, 0o755)
  await writeFile(join(home, '.aws/config'), `[profile tool]\ncredential_process = "${program}" keys\n`)
  assert.deepEqual(await read(REF), ['value'])
})

test('a profile that cannot be used is named with its reason', async (t) => {
  for (const [config, says] of [
    ['[profile prdo]\n', /profile "prod" does not exist \(did you mean prdo\?\)/],
    ['[profile prod]\nregion=x\n', /has no keys, no role_arn and no credential_process/],
    [
      '[profile prod]\nsso_session = s\n',
      /IAM Identity Center .*credential_process = aws configure export-credentials --profile prod/,
    ],
    [
      '[profile prod]\nrole_arn=arn:aws:iam::1:role/x\n',
      /a role_arn without source_profile or credential_source/,
    ],
    ['[profile prod]\nrole_arn=arn:aws:iam::1:role/x\nmfa_serial=y\n', /mfa_serial/],
    [
      '[profile prod]\nrole_arn=arn:aws:iam::1:role/x\nsource_profile=prod\n',
      /with its own keys, and has none/,
    ],
    [
      '[profile prod]\naws_access_key_id = "AKID"\naws_secret_access_key = "canary"\n',
      /profile "prod" has its key in quotes \(write it without/,
    ],
    [`[profile prod]\ncredential_process=false\n`, /credential_process that fails \(exit code 1\)/],
    [`[profile prod]\ncredential_process=echo {}\n`, /writes no keys of version 1/],
    [`[profile prod]\ncredential_process=/no/such\n`, /the program \/no\/such is not on the PATH/],
  ] as const) {
    const { messages, codes } = await world(t, {
      settings: { ...REGION, profile: 'prod' },
      env: NO_METADATA,
      files: { config },
    })
    assert.match((await messages(REF))[0] ?? '', says)
    assert.deepEqual(await codes(REF), ['config'])
  }
})

test('without any credential the error lists what was tried, and waiting may help', async (t) => {
  const { messages, codes } = await world(t, { env: NO_METADATA })
  assert.match((await messages(REF))[0] ?? '', /aws-sm finds no credentials for AWS \(set aws-access-key-id/)
  assert.deepEqual(await codes(REF), ['credential_missing'])
})

test('a role that may not be taken on, and a service for roles that sends nonsense', async (t) => {
  const options = {
    files: { token: 'aws-canary-web-token' },
    settings: (home: string) => ({
      ...REGION,
      roleArn: 'arn:aws:iam::123456789012:role/app',
      webIdentityTokenFile: join(home, '.aws/token'),
    }),
  }
  for (const [answer, code, says] of [
    [
      { status: 403, body: '{"Error":{"Code":"AccessDenied"}}' },
      'denied',
      /take on the role \(AccessDenied, status 403\)/,
    ],
    [{ status: 400, body: '{"Error":{"Code":"InvalidIdentityToken"}}' }, 'auth', /InvalidIdentityToken/],
    [
      { status: 400, body: '{"Error":{"Code":"ExpiredTokenException"}}' },
      'auth',
      /session token has expired/,
    ],
    [{ status: 200, body: '<html>aws-canary-</html>' }, 'provider_protocol', /sent an answer without keys/],
    [
      { status: 200, body: '{"x":{"y":{"Credentials":{"AccessKeyId":5}}}}' },
      'provider_protocol',
      /without keys/,
    ],
  ] as const) {
    const { platform, messages, codes } = await world(t, options)
    platform.stsAnswer = answer
    assert.match((await messages(REF))[0] ?? '', says)
    assert.deepEqual(await codes(REF), [code])
  }
})
