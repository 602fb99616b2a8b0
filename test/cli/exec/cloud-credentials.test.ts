import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startDopplerServer } from '../../fixtures/servers/doppler.ts'
import { execWorld } from './exec-command.ts'

const TOKEN = 'canary-shared-doppler-token-4e7'
const SHOW = ['--', 'sh', '-c', 'echo "${VALUE-} ${DOPPLER_TOKEN-none} ${AWS_SECRET_ACCESS_KEY-none}"']

test('a command keeps credentials of clouds, but not those that its values came from', async (t) => {
  const { exec } = await execWorld(t)
  const server = await startDopplerServer()
  t.after(() => server[Symbol.asyncDispose]())
  server.tokens.set(TOKEN, { configs: ['app/prd'], isServiceToken: true })
  server.configs.set('app/prd', new Map([['KEY', 'the-value']]))
  const env = { DOPPLER_API_HOST: server.url, DOPPLER_TOKEN: TOKEN, AWS_SECRET_ACCESS_KEY: 'own' }
  const unused = await exec(['-e', 'VALUE=plain', ...SHOW], env)
  assert.equal(unused.stdout, `plain ${TOKEN} own\n`)
  const used = await exec(['-e', 'VALUE={{ doppler://KEY }}', ...SHOW], env)
  assert.equal(used.stdout, 'the-value none own\n', used.stderr)
  const kept = await exec(['--keep-env', 'DOPPLER_TOKEN', '-e', 'VALUE={{ doppler://KEY }}', ...SHOW], env)
  assert.equal(kept.stdout, `the-value ${TOKEN} own\n`)
})
