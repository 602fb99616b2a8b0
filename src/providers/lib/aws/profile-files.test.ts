import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseSharedFile, splitCommand } from './profile-files.ts'

const CONFIG = `# a comment
[default]
region = eu-central-1
output=json

[ profile two words ]
ROLE_ARN = arn:aws:iam::1:role/x ; a comment
s3 =
  max_concurrent_requests = 20
  role_arn = nested
no value
[sso-session corp]
sso_region = us-east-1
[profile two words]
source_profile=default\r
`

test('a configuration has profiles with a prefix, default without, and parts that are ignored', () => {
  const profiles = parseSharedFile(CONFIG, true)
  assert.deepEqual([...profiles.keys()], ['default', 'two words'])
  assert.deepEqual({ ...profiles.get('default') }, { region: 'eu-central-1', output: 'json' })
  assert.deepEqual(
    { ...profiles.get('two words') },
    { role_arn: 'arn:aws:iam::1:role/x', s3: '', source_profile: 'default' },
  )
})

test('a file of credentials has profiles by their plain names', () => {
  const profiles = parseSharedFile('[profile a]\naws_access_key_id = 1\n[__proto__]\nx = 1\n', false)
  assert.deepEqual([...profiles.keys()], ['profile a', '__proto__'])
})

test('a command is split at spaces outside of quotes', () => {
  assert.deepEqual(splitCommand(' "/opt/my tool"  get --name "a b" $HOME'), [
    '/opt/my tool',
    'get',
    '--name',
    'a b',
    '$HOME',
  ])
})
