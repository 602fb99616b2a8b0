import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { oddAnswers } from '../provider/odd-answers.ts'
import { GCP_CANARIES, subject } from './gcp-sm-server.ts'

const folder = mkdtempSync(join(tmpdir(), 'locket-gcp-'))
after(() => rmSync(folder, { recursive: true }))
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const key = privateKey.export({ type: 'pkcs8', format: 'pem' })

oddAnswers({
  subject,
  settings(url) {
    const path = join(folder, 'key.json')
    const account = {
      type: 'service_account',
      client_email: 'a',
      private_key: key,
      token_uri: `${url}/token`,
    }
    writeFileSync(path, JSON.stringify(account))
    return { url, credentials: path }
  },
  references: ['gcp-sm://projects/my-project/secrets/db', 'gcp-sm://projects/my-project/secrets/other'],
  steps: [
    {
      name: 'token',
      isAt: (url) => url === '/token',
      good: '{"access_token":"gcp-canary-token","expires_in":3599}',
    },
    {
      name: 'other',
      isAt: (url) => url.includes('/other/'),
      good: '{"name":"projects/1/secrets/other/versions/1","payload":{"data":"eA=="}}',
    },
    {
      name: 'access',
      isAt: (url) => url.includes(':access'),
      good: '{"name":"projects/1/secrets/db/versions/1","payload":{"data":"eA=="}}',
    },
  ],
  keys: ['access_token', 'expires_in', 'name', 'payload', 'data', 'dataCrc32c', 'error', 'status'],
  around: [
    (value) => ({ access_token: value, expires_in: value }),
    (value) => ({ name: 'x', payload: { data: value } }),
    (value) => ({ name: value, payload: { data: 'eA==', dataCrc32c: value } }),
    (value) => ({ error: { status: value } }),
  ],
  canaries: GCP_CANARIES,
})
