import assert from 'node:assert/strict'
import { test } from 'node:test'
import { doppler } from '../../../src/providers/doppler/doppler.ts'
import { oddAnswers } from '../provider/odd-answers.ts'
import { fieldsOf } from '../provider/provider-all.ts'
import { settingsOf } from '../provider/provider-attempt.ts'
import { DOPPLER_CANARIES, onDoppler, subject, TOKEN } from './doppler-server.ts'

test('all secrets of a config come in one download, also for two batches at once', async (t) => {
  const { read, server } = await onDoppler(t)
  await Promise.all([read('doppler://KEY', 'doppler://OTHER'), read('doppler://OTHER')])
  assert.equal(server.requests.length, 1)
})

test('another token names project and config, and takes a download for each config', async (t) => {
  const { read, messages, server } = await onDoppler(t, { token: 'dp.sa.doppler-canary' })
  const dev = 'doppler://KEY?project=backend&config=dev'
  assert.deepEqual(await read(dev, 'doppler://KEY?project=backend&config=prd'), ['dev', 'prd'])
  assert.equal(server.requests.length, 2)
  assert.match(
    (await messages('doppler://KEY'))[0] ?? '',
    /needs to know the config .*set doppler-project and doppler-config/,
  )
})

test('the settings give project and config of references that name none', () => {
  const settings = settingsOf(subject, { project: 'backend', config: 'prd' })
  const ref = doppler.parse('doppler://KEY', 'doppler', settings as never)
  assert.equal(ref?.key, 'doppler://KEY?project=backend&config=prd')
})

test('all of a config is its secrets without the names that Doppler adds', async (t) => {
  const opened = await onDoppler(t)
  const [ref] = opened.refsOf(['doppler://*'])
  assert.ok(ref !== undefined)
  assert.deepEqual(await fieldsOf(opened, ref), { KEY: 'prd', OTHER: 'other' })
})

test('a missing secret, a config of others and a config that is not there are named', async (t) => {
  const { messages, server } = await onDoppler(t)
  server.tokens.set(TOKEN, { configs: ['backend/prd', 'backend/gone'], isServiceToken: true })
  const [missing, foreign, gone] = await messages(
    'doppler://KEYS',
    'doppler://KEY?project=backend&config=stg',
    'doppler://KEY?project=backend&config=gone',
  )
  assert.match(missing ?? '', /has no secret KEYS in the config of the token \(did you mean KEY\?\)/)
  assert.match(foreign ?? '', /does not let this token read config stg of project backend \(status 403\)/)
  assert.match(gone ?? '', /has no config gone of project backend \(status 404\)/)
})

oddAnswers({
  subject,
  settings: (url) => ({ url, token: TOKEN }),
  references: ['doppler://KEY', 'doppler://*?project=a&config=b'],
  steps: [
    { name: 'other', isAt: (url) => url.includes('project='), good: '{"KEY":"x"}' },
    { name: 'download', isAt: () => true, good: '{"KEY":"x"}' },
  ],
  keys: ['KEY', 'DOPPLER_CONFIG', 'messages', 'success'],
  around: [(value) => ({ KEY: value }), (value) => ({ messages: value, success: false })],
  canaries: DOPPLER_CANARIES,
})
