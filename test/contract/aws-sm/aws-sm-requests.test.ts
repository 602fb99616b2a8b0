import assert from 'node:assert/strict'
import { test } from 'node:test'
import { secretArn } from '../../fixtures/servers/aws.ts'
import { open, textsOf } from '../provider/provider-attempt.ts'
import { subject, withSecrets } from './aws-sm-server.ts'

const many = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`app/${index}`, `value-${index}`]))

test('41 secrets take two requests of 20 and one of 1, and fields of one secret share an answer', async (t) => {
  const values = many(41)
  const { read, server } = await withSecrets(t, { ...values, 'app/0': '{"user":"u","password":"p"}' })
  const names = Object.keys(values).slice(1)
  const answers = await read(
    'aws-sm://app/0?field=user',
    'aws-sm://app/0?field=password',
    ...names.map((name) => `aws-sm://${name}`),
  )
  assert.deepEqual(answers, ['u', 'p', ...Object.values(values).slice(1)])
  assert.deepEqual(server.operations.toSorted(), [
    'BatchGetSecretValue 20',
    'BatchGetSecretValue 20',
    'GetSecretValue 1',
  ])
})

test('a single secret needs no permission for batches', async (t) => {
  const { read, server } = await withSecrets(t, { db: 'one' })
  server.knobs.broken.set('BatchGetSecretValue', 'AccessDeniedException')
  assert.deepEqual(await read('aws-sm://db'), ['one'])
  assert.deepEqual(server.operations, ['GetSecretValue 1'])
})

test('without the permission for batches each secret is asked for, and that is remembered', async (t) => {
  const { read, server } = await withSecrets(t, { a: '1', b: '2' })
  server.knobs.broken.set('BatchGetSecretValue', 'AccessDeniedException')
  assert.deepEqual(await read('aws-sm://a', 'aws-sm://b'), ['1', '2'])
  assert.deepEqual(await read('aws-sm://a', 'aws-sm://b'), ['1', '2'])
  assert.deepEqual(
    server.operations.map((text) => text.split(' ')[0]),
    ['BatchGetSecretValue', ...Array(4).fill('GetSecretValue')],
  )
})

test('stages and versions are read by themselves, the current version in the batch', async (t) => {
  const { read, codes, server } = await withSecrets(t, { other: 'x' })
  server.secrets.set('db', {
    versions: [
      { id: 'v1', stages: ['AWSPREVIOUS'], text: 'old' },
      { id: 'v2', stages: ['AWSCURRENT', 'live'], text: 'new' },
    ],
  })
  const texts = [
    'aws-sm://db',
    'aws-sm://db?stage=AWSPREVIOUS',
    'aws-sm://db?stage=live',
    'aws-sm://db?version=v1',
    'aws-sm://other',
  ]
  assert.deepEqual(await read(...texts), ['new', 'old', 'new', 'old', 'x'])
  assert.deepEqual(server.operations.toSorted(), [
    'BatchGetSecretValue 2',
    ...Array(3).fill('GetSecretValue 1'),
  ])
  assert.deepEqual(await codes('aws-sm://db?stage=AWSPENDING', 'aws-sm://db?version=v2&stage=AWSPREVIOUS'), [
    'not_found',
    'not_found',
  ])
})

test('an ARN is found with its last six characters and without them, alone and in a batch', async (t) => {
  const { read } = await withSecrets(t, { 'prod/db': 'x', 'prod/db-prod01': 'y' })
  const arn = secretArn('prod/db')
  assert.deepEqual(await read(`aws-sm://${arn}`), ['x'])
  assert.deepEqual(
    await read(`aws-sm://${arn}`, `aws-sm://${arn.slice(0, -7)}`, `aws-sm://${secretArn('prod/db-prod01')}`),
    ['x', 'x', 'y'],
  )
})

test('fields: numbers keep their digits, null and missing ones are not there, text has none', async (t) => {
  const { read, messages } = await withSecrets(t, {
    db: '{"port":5432,"id":12345678901234567890,"on":true,"none":null,"tls":{"ca":"x"}}',
    text: 'plain',
  })
  const fields = ['port', 'id', 'on', 'tls'].map((name) => `aws-sm://db?field=${name}`)
  assert.deepEqual(await read(...fields), ['5432', '12345678901234567890', 'true', '{"ca":"x"}'])
  const [missing, none, text] = await messages(
    'aws-sm://db?field=prt',
    'aws-sm://db?field=none',
    'aws-sm://text?field=a',
  )
  assert.match(missing ?? '', /secret "db" has no field "prt" \(did you mean port\?\)/)
  assert.match(none ?? '', /secret "db" has no field "none"/)
  assert.match(text ?? '', /secret "text" is not a JSON object, so it has no fields \(leave field= out/)
})

test('each refusal of AWS is named with its cause', async (t) => {
  for (const [error, code, says] of [
    ['ResourceNotFoundException', 'not_found', /has no secret "db" \(ResourceNotFound, status 400\)/],
    [
      'AccessDeniedException',
      'denied',
      /does not let these credentials read secret "db".*secretsmanager:GetSecretValue/,
    ],
    ['com.amazonaws#AccessDeniedException:http://x/', 'denied', /\(AccessDenied, status 400\)/],
    ['DecryptionFailure', 'denied', /cannot decrypt secret "db".*KMS key/],
    ['InvalidRequestException', 'not_found', /scheduled for deletion/],
    ['ExpiredTokenException', 'auth', /session token has expired/],
    ['UnrecognizedClientException', 'auth', /does not know the access key/],
    ['InvalidSignatureException', 'auth', /secret access key right/],
    ['ThrottlingException', 'rate_limited', /asks for fewer requests \(Throttling/],
    ['InternalServiceError', 'unavailable', /is failing/],
    ['NewlyInventedException', 'provider_protocol', /does not understand the request \(status 400\)/],
  ] as const) {
    const { codes, messages, server } = await withSecrets(t, { db: 'x' })
    server.knobs.broken.set('GetSecretValue', error)
    server.knobs.errorText = 'aws-canary-secret+one/KEY canary-9f2c-value'
    assert.match((await messages('aws-sm://db'))[0] ?? '', says)
    assert.deepEqual(await codes('aws-sm://db'), [code], error)
  }
})

test('a clock that is wrong is named with its difference', async (t) => {
  const { messages, server } = await withSecrets(t, { db: 'x' })
  server.knobs.aheadMs = 600_000
  const [says = ''] = await messages('aws-sm://db')
  assert.match(
    says,
    /refuses the time of the signature \(status 400\) \(the clock of this host is (10m|9m\S+) slow: set it/,
  )
})

test('throttling passes, and is tried again', async (t) => {
  const { read, server } = await withSecrets(t, { db: 'x' })
  server.knobs.failNext.push({ status: 429 }, { status: 500 })
  assert.deepEqual(await read('aws-sm://db'), ['x'])
})

test('a session token is sent, and one that is missing is auth', async (t) => {
  const { backend, server, refsOf, codes } = await withSecrets(t, { db: 'x' })
  server.knobs.sessionToken = 'aws-session-token'
  await using opened = await open(subject, backend, {
    ...backend.settings,
    sessionToken: 'aws-session-token',
  })
  assert.deepEqual(await textsOf(opened, refsOf(['aws-sm://db'])), ['x'])
  assert.deepEqual(await codes('aws-sm://db'), ['auth'])
})

test('the region of a reference or ARN signs its request, and one must be known', async (t) => {
  const { backend, read, server, refsOf } = await withSecrets(t, { db: 'x', other: 'y' })
  assert.deepEqual(
    await read('aws-sm://db?region=us-east-1', 'aws-sm://other?region=us-east-1', 'aws-sm://db'),
    ['x', 'y', 'x'],
  )
  assert.deepEqual(server.operations.toSorted(), ['BatchGetSecretValue 2', 'GetSecretValue 1'])
  const { region: _region, ...others } = backend.settings
  await using opened = await open(subject, { ...backend, settings: others })
  assert.deepEqual(await textsOf(opened, refsOf([`aws-sm://${secretArn('db')}`])), ['x'])
  const outcome = [
    ...(await opened.client.fetch(refsOf(['aws-sm://db']), AbortSignal.timeout(5000))).values(),
  ][0]
  assert.ok(outcome?.ok === false)
  assert.equal(outcome.error.code, 'config')
  assert.match(outcome.error.message, /aws-sm knows no region/)
})
