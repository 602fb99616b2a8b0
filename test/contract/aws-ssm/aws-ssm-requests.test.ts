import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parameterArn } from '../../fixtures/servers/aws.ts'
import { fieldsOf } from '../provider/provider-all.ts'
import { withParameters } from './aws-ssm-server.ts'

test('21 parameters take three requests, and each name is in them once', async (t) => {
  const values = Object.fromEntries(Array.from({ length: 21 }, (_, index) => [`/app/p${index}`, `v${index}`]))
  const { read, server } = await withParameters(t, { ...values, '/app/p0': '{"a":"1","b":"2"}' })
  const names = Object.keys(values).slice(1)
  assert.deepEqual(
    await read(
      'aws-ssm:///app/p0?field=a',
      'aws-ssm:///app/p0?field=b',
      ...names.map((name) => `aws-ssm://${name}`),
    ),
    ['1', '2', ...Object.values(values).slice(1)],
  )
  assert.deepEqual(server.operations.toSorted(), ['GetParameters 1', 'GetParameters 10', 'GetParameters 10'])
})

test('names without a path, versions, labels and ARNs are different questions', async (t) => {
  const { read, codes } = await withParameters(t, {
    db: 'bare',
    '/db': { value: 'rooted', version: 3, labels: ['live'] },
    '/x/db': 'deep',
  })
  const texts = ['aws-ssm://db', 'aws-ssm:///db', 'aws-ssm:///db?version=3', 'aws-ssm:///db?label=live']
  assert.deepEqual(await read(...texts), ['bare', 'rooted', 'rooted', 'rooted'])
  assert.deepEqual(await read(`aws-ssm://${parameterArn('/x/db')}`), ['deep'])
  assert.deepEqual(await codes('aws-ssm:///db?version=2', 'aws-ssm:///db?label=old', 'aws-ssm:///db'), [
    'not_found',
    'not_found',
    'ok',
  ])
})

test('a folder of several pages is read to its end, without the folders below it', async (t) => {
  const values = Object.fromEntries(Array.from({ length: 25 }, (_, index) => [`/app/p${index}`, `v${index}`]))
  const opened = await withParameters(t, { ...values, '/app/sub/x': 'no', '/other': 'no' })
  const [ref] = opened.refsOf(['aws-ssm:///app/*'])
  assert.ok(ref !== undefined)
  const fields = await fieldsOf(opened, ref)
  assert.equal(Object.keys(fields).length, 25)
  assert.equal(fields['p24'], 'v24')
  assert.deepEqual(opened.server.operations, Array(3).fill('GetParametersByPath 1'))
})

test('a missing parameter and a path without its slash say what was meant', async (t) => {
  const { messages, refsOf } = await withParameters(t, { '/app/password': 'x', '/app/user': 'y' })
  const [says] = await messages('aws-ssm:///app/passwort', 'aws-ssm:///app/*')
  assert.match(says ?? '', /has no parameter "\/app\/passwort" \(did you mean \/app\/password\?\)/)
  assert.throws(
    () => refsOf(['aws-ssm://app/user']),
    /did you mean aws-ssm:\/\/\/app\/user\?|does not begin with a slash/,
  )
})

test('a refusal names the permission that is missing', async (t) => {
  const { messages, server } = await withParameters(t, { '/app/user': 'y' })
  server.knobs.broken.set('GetParametersByPath', 'AccessDeniedException')
  const [says] = await messages('aws-ssm:///app/*')
  assert.match(says ?? '', /does not let these credentials read folder \/app .*ssm:GetParametersByPath/)
})
